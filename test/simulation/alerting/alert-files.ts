import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import type { AlertmanagerConfig } from '../../../shared/alerting/receivers.ts';
import { parseRuleFiles } from '../../../shared/rules/rule-file.ts';
import type { RuleSet } from '../../../shared/rules/rule-group.ts';

/** Rules as people write them. What they mean stands once more, in other words, in expected-alerts.ts. */
const RULES = `
groups:
  - name: targets
    interval: 15s
    rules:
      - record: dc:up:sum
        expr: sum by (dc) (up)
      - alert: TargetDown
        expr: up == 0
        for: 30s
        labels: { severity: page }
      - alert: DcDown
        expr: dc:up:sum == 0
        labels: { severity: page }
      - alert: TargetGone
        expr: absent_over_time(up{instance="t0"}[40s])
        for: 15s
        labels: { severity: ticket }
  - name: load
    interval: 10s
    rules:
      - alert: LoadHigh
        expr: load > 90
        keep_firing_for: 40s
        labels: { severity: ticket }
      - alert: LoadKept
        expr: load > 90
        for: 10s
        no_data: keep
        labels: { severity: ticket }
      - alert: LoadLost
        expr: load > 90
        no_data: alert
        labels: { severity: ticket }
`;

const ALERTMANAGER = `
route:
  receiver: ops
  group_by: [alertname, dc]
  group_wait: 5s
  group_interval: 30s
  repeat_interval: 2m
  routes:
    - matchers: [severity="page"]
      receiver: pager
      continue: true
      escalate: { after: 45s, receiver: leads }
    - matchers: [dc="b"]
      receiver: ops
      group_by: [dc]
inhibit_rules:
  - source_matchers: [alertname="DcDown"]
    target_matchers: [alertname="TargetDown"]
    equal: [dc]
receivers:
  - name: ops
    webhook_configs: [{ url: http://ops/hook }]
  - name: pager
    webhook_configs: [{ url: http://pager/hook }]
    slack_configs: [{ api_url: http://slack/hook, channel: "#pages" }]
  - name: leads
    webhook_configs: [{ url: http://leads/hook }]
`;

export const FLUSH_TIMES = { groupWaitMs: 5000, groupIntervalMs: 30_000, repeatIntervalMs: 120_000, escalateAfterMs: 45_000 } as const;

export const PAGER_HOOK = 'pager/webhook/0';
export const PAGER_SLACK = 'pager/slack/0';
export const OPS_HOOK = 'ops/webhook/0';
/** Hears of what has escalated. */
export const LEADS_HOOK = 'leads/webhook/0';

/** Which integrations the route names for an alert. */
export const integrationsFor = (labels: Readonly<Record<string, string>>): readonly string[] => {
  if (labels['severity'] !== 'page') return [OPS_HOOK];
  return labels['dc'] === 'b' ? [PAGER_HOOK, PAGER_SLACK, OPS_HOOK] : [PAGER_HOOK, PAGER_SLACK];
};

/** Whether an alert may escalate: those of the pager's route do. */
export const escalates = (labels: Readonly<Record<string, string>>): boolean => labels['severity'] === 'page';

/** Whether an integration is told of ends: Slack's default is no. */
export const hearsEnds = (integration: string): boolean => integration !== PAGER_SLACK;

const readRules = (): RuleSet => {
  const { rules, errors } = parseRuleFiles([{ file: 'rules.yml', text: RULES }]);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return rules;
};

const readAlertmanager = (): AlertmanagerConfig => {
  const { config, errors } = parseAlertmanagerFile(ALERTMANAGER, 'alertmanager.yml');
  if (config === undefined) throw new Error(errors.join('\n'));
  return config;
};

export const ruleSet = readRules();
export const alertmanager = readAlertmanager();
