import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';

const HOOK = "webhook_configs: [{url: 'http://a'}]";
const HEARD = `{name: ops, ${HOOK}}, {name: leads, ${HOOK}}`;

const errorsOf = (escalate: string, receivers = `[${HEARD}]`): readonly string[] =>
  parseAlertmanagerFile(`route:\n  receiver: ops\n  escalate: ${escalate}\nreceivers: ${receivers}\n`, 'am.yml').errors;

const hooks = (count: number): string => `webhook_configs: [${Array.from({ length: count }, () => "{url: 'http://a'}").join(', ')}]`;

describe('escalate', () => {
  it('reads', () => {
    expect(parseAlertmanagerFile(`route: {receiver: ops, escalate: {after: 15m, receiver: leads}}\nreceivers: [${HEARD}]`, 'am.yml').config?.route.escalate).toEqual({ afterMs: 900_000, receiver: 'leads' });
  });

  it.each([
    ['{after: 15m, receiver: nobody}', /^am\.yml:3:\d+: route: escalate: receiver: found "nobody", which is not among the receivers/],
    ['{after: 15m, receiver: ops}', /^am\.yml:3:\d+: route: escalate: found the receiver "ops" of the route itself/],
    ['{after: 15m}', /^am\.yml:3:\d+: route: escalate: found no receiver/],
    ['{receiver: leads}', /^am\.yml:3:\d+: route: escalate: found no after/],
    ['{after: 0s, receiver: leads}', /^am\.yml:3:\d+: route: escalate: after: found 0/],
    ['{after: soon, receiver: leads}', /^am\.yml:3:\d+: route: escalate: after: found no duration/],
    ['{after: 15m, receiver: leads, then: 1h}', /^am\.yml:3:\d+: route: escalate: the field "then" is unknown/],
    ['[15m, leads]', /^am\.yml:3:\d+: route: escalate: found a list, a mapping is needed/],
  ])('refuses %s by its place', (escalate, message) => {
    expect(errorsOf(escalate)[0]).toMatch(message);
  });

  it('refuses receivers that would not fit one transaction together', () => {
    const receivers = (first: number, second: number): string => `[{name: ops, ${hooks(first)}}, {name: leads, ${hooks(second)}}]`;
    expect(errorsOf('{after: 15m, receiver: leads}', receivers(25, 24))).toEqual([]);
    expect(errorsOf('{after: 15m, receiver: leads}', receivers(25, 25))).toEqual([expect.stringMatching(/found 50 integrations of both receivers, at most 49/) as string]);
  });

  it('refuses one that can never be, by its place: nobody is told first, or nobody second', () => {
    expect(errorsOf('{after: 15m, receiver: leads}', `[{name: ops}, {name: leads, ${HOOK}}]`)).toEqual([
      'am.yml:3:13: route: escalate: found no receiver with integrations on this route or below it, and alerts of which nobody is told do not escalate',
    ]);
    expect(errorsOf('{after: 15m, receiver: leads}', `[{name: ops, ${HOOK}}, {name: leads}]`)).toEqual([
      'am.yml:3:13: route: escalate: found the receiver "leads", which has no integrations, one that somebody hears is needed',
    ]);
  });

  it('takes one that only routes below have a use for, and a quiet route below one', () => {
    const errors = (routes: string): readonly string[] =>
      parseAlertmanagerFile(`route:\n  receiver: nobody\n  escalate: {after: 15m, receiver: leads}\n  routes: [${routes}]\nreceivers: [{name: nobody}, ${HEARD}]\n`, 'am.yml').errors;
    expect(errors('{receiver: ops, matchers: [a=b]}, {receiver: nobody, matchers: [c=d]}')).toEqual([]);
    expect(errors('{receiver: ops, matchers: [a=b], escalate: null}')).toEqual([expect.stringMatching(/^am\.yml:3:13: route: escalate: found no receiver with integrations/) as string]);
    expect(errors('{receiver: leads, matchers: [a=b]}')).toEqual([expect.stringMatching(/^am\.yml:3:13: route: escalate: found no receiver with integrations/) as string]);
  });
});
