import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { containsTime } from '../../../shared/alerting/routing/time-interval.ts';

const intervalOf = (text: string) => {
  const { config, errors } = parseAlertmanagerFile(`route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{name: x, time_intervals: [${text}]}]\n`, 'am.yml');
  const interval = config?.timeIntervals.get('x')?.[0];
  if (interval === undefined) throw new Error(errors.join('\n'));
  return interval;
};

const contains = (text: string, time: string): boolean => containsTime(intervalOf(text), Date.parse(time));

describe('a time interval', () => {
  it.each([
    ["{times: [{start_time: '09:00', end_time: '17:00'}]}", '2026-01-05T09:00:00Z', true],
    ["{times: [{start_time: '09:00', end_time: '17:00'}]}", '2026-01-05T16:59:59.999Z', true],
    ["{times: [{start_time: '09:00', end_time: '17:00'}]}", '2026-01-05T17:00:00Z', false],
    ["{times: [{start_time: '00:00', end_time: '06:00'}, {start_time: '22:00', end_time: '24:00'}]}", '2026-01-05T23:59:30Z', true],
    ["{weekdays: ['monday:friday']}", '2026-01-05T00:00:00Z', true], // a Monday
    ["{weekdays: ['monday:friday', Sunday]}", '2026-01-10T12:00:00Z', false],
    ["{weekdays: ['monday:friday', Sunday]}", '2026-01-11T12:00:00Z', true],
    ["{days_of_month: ['1:7']}", '2026-01-07T12:00:00Z', true],
    ["{days_of_month: ['-1']}", '2028-02-29T12:00:00Z', true],
    ["{days_of_month: ['-1']}", '2028-02-28T12:00:00Z', false],
    ["{days_of_month: ['29:31']}", '2026-02-28T12:00:00Z', false],
    ["{days_of_month: ['25:-3']}", '2026-01-29T12:00:00Z', true],
    ["{days_of_month: ['-31:-30']}", '2026-02-01T12:00:00Z', false],
    ["{months: ['may:august', '12']}", '2026-12-31T23:59:00Z', true],
    ["{months: ['may:august', '12']}", '2026-09-01T00:00:00Z', false],
    ["{years: ['2026:2027', '2030']}", '2028-01-01T00:00:00Z', false],
    ['{}', '2028-01-01T00:00:00Z', true],
    // Summer time begins in Berlin on 29 March 2026 at 01:00 UTC.
    ["{times: [{start_time: '09:00', end_time: '10:00'}], location: Europe/Berlin}", '2026-03-28T08:30:00Z', true],
    ["{times: [{start_time: '09:00', end_time: '10:00'}], location: Europe/Berlin}", '2026-03-29T08:30:00Z', false],
    ["{times: [{start_time: '09:00', end_time: '10:00'}], location: Europe/Berlin}", '2026-03-29T07:30:00Z', true],
    ["{weekdays: [monday], location: Australia/Sydney}", '2026-01-04T14:00:00Z', true],
    ["{years: ['2027'], location: Pacific/Auckland}", '2026-12-31T12:00:00Z', true],
  ])('%s at %s: %s', (text, time, expected) => {
    expect(contains(text, time)).toBe(expected);
  });

  it.each([
    "{times: [{start_time: '17:00', end_time: '09:00'}]}",
    "{times: [{start_time: '9:00', end_time: '10:00'}]}",
    "{times: [{start_time: '09:00'}]}",
    "{days_of_month: ['0']}",
    "{days_of_month: ['32']}",
    "{days_of_month: ['-1:5']}",
    "{days_of_month: ['5:2']}",
    "{months: ['13']}",
    "{months: ['august:may']}",
    "{years: ['x']}",
    "{weekdays: ['monday:']}",
    "{weekdays: ['monday:tuesday:friday']}",
    '{location: Atlantis/Center}',
    '{hours: []}',
  ])('refuses %s', (text) => {
    expect(() => intervalOf(text)).toThrow(/^am\.yml:3:\d+: /);
  });
});
