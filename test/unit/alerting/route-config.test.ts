import { describe, expect, it } from 'vitest';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';

const errorsOf = (escalate: string, receivers = '[{name: ops}, {name: leads}]'): readonly string[] =>
  parseAlertmanagerFile(`route:\n  receiver: ops\n  escalate: ${escalate}\nreceivers: ${receivers}\n`, 'am.yml').errors;

const hooks = (count: number): string => `webhook_configs: [${Array.from({ length: count }, () => "{url: 'http://a'}").join(', ')}]`;

describe('escalate', () => {
  it('reads', () => {
    expect(parseAlertmanagerFile('route: {receiver: ops, escalate: {after: 15m, receiver: leads}}\nreceivers: [{name: ops}, {name: leads}]', 'am.yml').config?.route.escalate).toEqual({ afterMs: 900_000, receiver: 'leads' });
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
});
