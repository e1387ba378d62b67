import type { Sender } from '../catalog/senders.ts';
import { labelValue } from '../model/labels.ts';
import type { RuleGroup } from '../rules/rule-group.ts';
import { RULES_SENDER } from '../rules/slot-frames.ts';
import type { Alert } from './alert.ts';
import type { Cursor } from './cursors.ts';
import { MAX_ERRORS, MAX_ERROR_CHARS } from './cursors.ts';
import type { FailedDelivery } from './failed-deliveries.ts';
import type { OwnFinding } from './own-alerts.ts';
import { MAX_LATENESS_MS, ROAD_MS } from './slots.ts';

/** Late senders that have an alert each. More of them are one trouble, and it is not theirs. */
export const MAX_LATE_SENDERS = 100;

/** What was measured longer ago says nothing of now: a lateness counts for three minutes, and reaches the catalog within two more. */
const LATENESS_KNOWN_MS = 300_000;

export interface BehindState {
  readonly nowMs: number;
  /** Undefined or 0: nothing has been stored yet. */
  readonly watermarkMs: number | undefined;
  readonly latenessMs: number;
  readonly capMs: number;
  /** Evaluated in this tick. */
  readonly incompleteSlots: number;
  /** Whether the alert is there already. It ends where no slot can be incomplete, so that it does not come and go. */
  readonly isActive: boolean;
}

/** Rules were, or are about to be, evaluated on a part of their samples. One for all of them. */
export const behindFindings = ({ nowMs, watermarkMs = 0, latenessMs, capMs, incompleteSlots, isActive }: BehindState): readonly OwnFinding[] => {
  if (watermarkMs <= 0) return [];
  const ageMs = nowMs - watermarkMs;
  if (incompleteSlots === 0 && ageMs <= (isActive ? capMs : latenessMs + capMs)) return [];
  const age = seconds(ageMs);
  return [
    {
      name: 'TidemarkBehind',
      labels: {},
      summary: 'Tidemark is behind',
      description: `Everything up to ${age} s ago is stored, rules need ${seconds(latenessMs + capMs)} s. Alerts fire on the samples that are there; none resolves, and none fires on absence, until the rest is stored.`,
      value: age,
    },
  ];
};

/** Rules whose last evaluation ended in an error, at its slot; as many of a group as its cursor keeps. */
export const ruleErrorFindings = (groups: readonly RuleGroup[], cursors: ReadonlyMap<string, Cursor>): readonly OwnFinding[] =>
  groups.flatMap((group) => {
    const cursor = cursors.get(group.id);
    const errors = [...(cursor?.errors ?? [])].slice(0, MAX_ERRORS);
    return errors.flatMap(([ruleId, error]): OwnFinding[] => {
      const rule = group.rules.find(({ id }) => id === ruleId);
      if (rule === undefined) return [];
      return [
        {
          name: 'TidemarkRuleErrors',
          labels: { rule: rule.name, rule_group: group.id },
          summary: `Rule ${rule.name} cannot be evaluated`,
          description: error.slice(0, MAX_ERROR_CHARS).toWellFormed(),
          value: 1,
          ...(cursor === undefined ? {} : { atMs: cursor.slotMs }),
        },
      ];
    });
  });

/** Whether the last slot of the alert's group was incomplete: a rule that was not asked then may still be in error. */
export const isErrorUnknown = ({ labels }: Alert, cursors: ReadonlyMap<string, Cursor>): boolean =>
  labelValue(labels, 'alertname') === 'TidemarkRuleErrors' && cursors.get(labelValue(labels, 'rule_group'))?.complete === false;

/** Whether samples of the sender arrive when rules have been evaluated without them. What rules make is always later than that. */
export const isLate = ({ sender, latenessMs, latenessAtMs }: Sender, allowedMs: number, nowMs: number): boolean =>
  sender !== RULES_SENDER && latenessMs !== undefined && latenessMs > allowedMs && nowMs - latenessAtMs < LATENESS_KNOWN_MS;

/** Those that are told of already come first, so that the others do not push them out. */
export const lateSenderFindings = (senders: readonly Sender[], active: readonly Alert[], { latenessMs, nowMs }: { readonly latenessMs: number; readonly nowMs: number }): readonly OwnFinding[] => {
  const told = new Set(active.map(({ labels }) => labelValue(labels, 'sender')));
  const late = senders.filter((sender) => isLate(sender, latenessMs, nowMs));
  const chosen = [...late.filter(({ sender }) => told.has(sender)), ...late.filter(({ sender }) => !told.has(sender))].slice(0, MAX_LATE_SENDERS);
  return chosen.map(({ sender, latenessMs: foundMs = 0, flushIntervalMs }) => ({
    name: 'TidemarkSenderLate',
    labels: { sender },
    summary: `Samples of ${sender} come too late for rules`,
    description: `They arrive up to ${seconds(foundMs)} s after their time, and rules wait for ${seconds(latenessMs)} s. ${remedyOf({ foundMs, flushIntervalMs, latenessMs })}`,
    value: foundMs / 1000,
  }));
};

/** What to do about it: a sender that gathers for longer than rules wait is late by its own settings, and not by anybody's fault. */
const remedyOf = ({ foundMs, flushIntervalMs, latenessMs }: { readonly foundMs: number; readonly flushIntervalMs: number; readonly latenessMs: number }): string => {
  const mostS = Math.max(1, seconds(latenessMs - ROAD_MS));
  const first = flushIntervalMs > mostS * 1000 ? `It flushes every ${seconds(flushIntervalMs)} s: lower that to ${mostS} s` : 'Mend its clock, or what holds its samples up';
  const neededMs = Math.ceil((foundMs + ROAD_MS) / 1000) * 1000;
  if (neededMs > MAX_LATENESS_MS) return `${first}, or give the groups of its rules a query_offset.`;
  return `${first}, give the groups of its rules a query_offset of ${seconds(neededMs - latenessMs)}s, or raise the lateness of the installation, for which all rules wait, to ${seconds(neededMs)} s (latenessS; start --lateness).`;
};

/** Of integrations that are configured still. */
export const failedDeliveryFindings = (failures: readonly FailedDelivery[], isConfigured: (integration: string) => boolean): readonly OwnFinding[] =>
  failures
    .filter(({ integration }) => isConfigured(integration))
    .map(({ integration, receiver, subject, answer, failedAtMs }) => ({
      name: 'TidemarkDeliveryFailed',
      labels: { integration, receiver },
      summary: `A notification for ${receiver} was given up`,
      description: `${integration} did not take "${subject}"; its last answer, at ${new Date(failedAtMs).toISOString()}: ${answer}`,
      value: 1,
    }));

const seconds = (ms: number): number => Math.round(ms / 1000);
