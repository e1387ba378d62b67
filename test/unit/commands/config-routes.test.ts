import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../../shared/commands/check.ts';
import { configRoutesShow, configRoutesTest } from '../../../shared/commands/config-routes.ts';

const FILE = {
  file: 'am.yml',
  text: `route:
  receiver: ops
  routes:
    - {matchers: [severity=page, 'host=~"a|b"'], receiver: pager, continue: true, routes: [{match: {team: db}, receiver: db}]}
    - {match_re: {team: 'd.'}, receiver: web}
receivers: [{name: ops}, {name: pager}, {name: db}, {name: web}]
`,
};

describe('tidemark config routes', () => {
  it('shows the tree', () => {
    expect(configRoutesShow(FILE).lines[0]?.split('\n')).toEqual([
      '.',
      '└── default-route  receiver: ops',
      '    ├── {host=~"a|b",severity="page"}  continue: true  receiver: pager',
      '    │   └── {team="db"}  receiver: db',
      '    └── {team=~"^(?:d.)$"}  receiver: web',
    ]);
  });

  it('shows who hears of an alert that nobody acknowledges, as children have it from their parents', () => {
    const text = `route:
  receiver: ops
  escalate: {after: 90m, receiver: leads}
  routes:
    - {matchers: [a=b], receiver: leads}
    - {matchers: [c=d], escalate: null}
    - {matchers: [e=f], escalate: {after: 5m, receiver: ops}, receiver: leads}
    - {matchers: [g=h]}
receivers: [{name: ops, webhook_configs: [{url: "http://a"}]}, {name: leads, webhook_configs: [{url: "http://b"}]}]
`;
    expect(configRoutesShow({ file: 'am.yml', text }).lines[0]?.split('\n').slice(1)).toEqual([
      '└── default-route  receiver: ops  escalate: leads after 1h30m',
      '    ├── {a="b"}  receiver: leads',
      '    ├── {c="d"}  receiver: ops',
      '    ├── {e="f"}  receiver: leads  escalate: ops after 5m',
      '    └── {g="h"}  receiver: ops  escalate: leads after 1h30m',
    ]);
  });

  it('names the receivers of labels', () => {
    const receivers = (...labels: string[]) => configRoutesTest(FILE, labels).lines;
    expect(receivers('severity=page', 'host=a')).toEqual(['pager']);
    expect(receivers('severity=page', 'host=a', 'team=db')).toEqual(['db,web']);
    expect(receivers('team=x=y')).toEqual(['ops']);
    expect(() => receivers('nothing')).toThrow(/a label such as severity=page/);
  });

  it('gives the errors of a file that does not read', () => {
    const wrong = { ...FILE, text: FILE.text.replace('receiver: web', 'receiver: nobody') };
    expect(configRoutesTest(wrong, ['a=b'])).toEqual({ ok: false, lines: [expect.stringMatching(/^am\.yml:5:\d+: .*"nobody"/) as string] });
    expect(checkConfig(FILE).lines).toEqual(['am.yml: 4 receivers, alerts go by 3 routes, all others to "ops"']);
  });
});
