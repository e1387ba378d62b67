import type { Mutant } from './mutant.ts';

const GROUP = 'functions/evaluate/evaluate-group.ts';
const NOTIFY = 'functions/notify/notify.ts';
const OUTBOX = 'shared/alerting/outbox.ts';
const LEASE = 'shared/alerting/lease.ts';
const LEDGER = 'shared/alerting/ledger.ts';
const UPDATE = 'shared/alerting/dispatch/needs-update.ts';
const ALERT = 'shared/alerting/alert.ts';
const FLUSH = 'shared/alerting/dispatch/flush-group.ts';
const ESCALATION = 'shared/alerting/dispatch/escalation.ts';
const MUTES = 'shared/alerting/dispatch/mutes.ts';

/** What rules, alerts and notifications promise. */
export const ALERT_MUTANTS: readonly Mutant[] = [
  {
    name: 'the cursor moves before the transitions are stored',
    file: GROUP,
    find: `  const { made, silent, errors, scans } = await evaluateRules({ scope, group, slot, overlay: overlayOf(before, clock.watermarkMs ?? 0) }, before);
  const ended = complete ? endedSeries(before, made, silent) : [];
  const { series, wrote, writes } = await recordSlot(scope, group, slotMs, { samples: [...made.values()].flat(), ended });
  const cursor = { groupId: group.id, slotMs, complete, errors, wrote, scans };
  await advanceCursor(scope.ports.alerts, scope.lease, cursor, writes);
`,
    replace: `  await advanceCursor(scope.ports.alerts, scope.lease, { groupId: group.id, slotMs, complete, errors: new Map(), wrote: true, scans: new Map() });
  const { made, silent, errors, scans } = await evaluateRules({ scope, group, slot, overlay: overlayOf(before, clock.watermarkMs ?? 0) }, before);
  const ended = complete ? endedSeries(before, made, silent) : [];
  const { series, wrote, writes } = await recordSlot(scope, group, slotMs, { samples: [...made.values()].flat(), ended });
  if (writes.length > 0) await scope.ports.alerts.transact(writes);
  const cursor = { groupId: group.id, slotMs, complete, errors, wrote, scans };
`,
  },
  {
    name: 'writes of an evaluator that was overtaken still count',
    file: LEASE,
    find: "({ check: KEY, when: { is: 'equal', attribute: 'epoch', value: lease.epoch } })",
    replace: "({ check: KEY, when: { any: [{ is: 'equal', attribute: 'epoch', value: lease.epoch }, { is: 'present' }] } })",
  },
  {
    name: 'two evaluators hold the lease at the same time',
    file: LEASE,
    find: "const outcome = await items.transact([{ put: leaseItem(lease, nowMs), when: { is: 'equal', attribute: 'epoch', value: before } }]);",
    replace: 'const outcome = await items.transact([{ put: leaseItem({ ...lease, epoch: before }, nowMs) }]);\n  if (outcome.done) return { holder, epoch: before };',
  },
  {
    name: 'what was not marked as published is not published again',
    file: 'functions/evaluate/memory.ts',
    find: '    readUnpublished(items),',
    replace: '    readUnpublished(items).then(() => []),',
  },
  {
    name: 'a notification is marked before it is published',
    file: OUTBOX,
    find: `      await publish(notificationOf(entry));
      await items.transact(markPublished(entry, nowMs));`,
    replace: `      await items.transact(markPublished(entry, nowMs));
      await publish(notificationOf(entry));`,
  },
  {
    name: 'each attempt to publish has an id of its own',
    file: OUTBOX,
    find: 'await publish(notificationOf(entry));',
    replace: 'await publish({ ...notificationOf(entry), id: `${entry.id.slice(0, -8)}${String(nowMs % 100_000_000).padStart(8, "0")}` });',
  },
  {
    name: 'an older notification is sent behind a newer one',
    file: 'shared/alerting/sequences.ts',
    find: "return outcome.done ? 'newest' : 'superseded';",
    replace: "return outcome.done || sequence > 0 ? 'newest' : 'superseded';",
  },
  {
    name: 'what the ledger has ended is sent again',
    file: NOTIFY,
    find: "if (before !== undefined && before.state !== 'retrying' && !again) {",
    replace: "if (before !== undefined && before.state === 'superseded' && !again) {",
  },
  {
    name: 'the end of a notification in the ledger is written over',
    file: LEDGER,
    find: "const when: Condition = { any: [{ is: 'absent' },",
    replace: "const when: Condition = { any: [{ is: 'absent' }, { is: 'present' },",
  },
  {
    name: 'the ledger says sent before the receiver has answered',
    file: NOTIFY,
    find: '  const sent = await send(ports,',
    replace: "  await record('sent', 'HTTP 200');\n  const sent = await send(ports,",
  },
  {
    name: 'an incomplete slot resolves',
    file: ALERT,
    find: 'return before === undefined || !complete ? unchanged(before) : absent(before, evalTimeMs, hold);',
    replace: 'return before === undefined ? unchanged(before) : absent(before, evalTimeMs, hold);',
  },
  {
    name: 'an incomplete slot fires on absence',
    file: 'functions/evaluate/evaluate-rule.ts',
    find: "(rule.kind === 'recording' || mayFireOnAbsence(rule.source))",
    replace: "rule.kind === 'recording'",
  },
  {
    name: 'rules are evaluated without waiting for the watermark',
    file: 'functions/evaluate/evaluate.ts',
    find: 'const clock = { nowMs, watermarkMs: report.watermarkMs,',
    replace: 'const clock = { nowMs, watermarkMs: nowMs,',
  },
  {
    name: 'nobody waits for samples that are late',
    file: 'shared/alerting/slots.ts',
    find: 'const completeMs = Math.ceil((watermarkMs - clock.latenessMs - queryOffsetMs) / intervalMs - 1) * intervalMs;',
    replace: 'const completeMs = Math.ceil((watermarkMs - queryOffsetMs) / intervalMs - 1) * intervalMs;',
  },
  {
    name: 'slots behind the newest are left out',
    file: 'shared/alerting/slots.ts',
    find: 'const firstMs = Math.max(nextMs, newestMs - MAX_SLOT_AGE_INTERVALS * intervalMs);',
    replace: 'const firstMs = Math.max(nextMs, newestMs);',
  },
  {
    name: 'what the stream did not take is forgotten',
    file: 'functions/evaluate/record-slot.ts',
    find: '    memory.unsent.add(key);\n    return { series, wrote: true, writes: [noteUnsent(key)] };',
    replace: '    void [memory, noteUnsent];\n    return { series, wrote: true, writes: [] };',
  },
  {
    name: 'memory outlives a write whose outcome is unknown',
    file: 'functions/evaluate/evaluate.ts',
    find: '      memory.alerts = undefined; // the effect of what failed is unknown: remember nothing\n',
    replace: '',
  },
  {
    name: 'a recorded series that ended is still there for the rules behind',
    file: GROUP,
    find: 'const ended = slot.complete ? endedInStage(before, made, stage, stages.slice(i + 1).flat()) : [];',
    replace: 'const ended = slot.complete ? endedInStage(before, made, stage, stages.slice(i + 1).flat()).slice(0, 0) : [];',
  },
  {
    name: 'an end that was not told yet goes with the next that is pending',
    file: ALERT,
    find: "...lastEnd(before), phase: 'pending'",
    replace: "...lastEnd(undefined), phase: 'pending'",
  },
  {
    name: 'keep_firing_for is ignored',
    file: ALERT,
    find: 'if (hold.keepFiringMs > 0 && evalTimeMs - since < hold.keepFiringMs) {',
    replace: 'if (hold.keepFiringMs > 0 && evalTimeMs - since < 0) {',
  },
  {
    name: 'ends are told of what nobody heard begin',
    file: UPDATE,
    find: 'if (known === undefined) return firing.size > 0;',
    replace: 'if (known === undefined) return true;',
  },
  {
    name: 'the repeat interval is ignored',
    file: UPDATE,
    find: 'return !onItsWay && rules.nowMs - known.atMs >= rules.repeatIntervalMs;',
    replace: 'return !onItsWay;',
  },
  {
    name: 'what is on its way is told again',
    file: UPDATE,
    find: 'const known: ToldState | undefined = onItsWay ? entry.newest : entry?.sent;',
    replace: 'const known: ToldState | undefined = entry?.sent;',
  },
  {
    name: 'a silenced alert is told of',
    file: MUTES,
    find: 'mutes.inhibitedBy(labels).length > 0 || mutes.silencedBy(labels).length > 0;',
    replace: 'mutes.inhibitedBy(labels).length > 0;',
  },
  {
    name: 'an inhibited alert is told of',
    file: MUTES,
    find: 'mutes.inhibitedBy(labels).length > 0 || mutes.silencedBy(labels).length > 0;',
    replace: 'mutes.silencedBy(labels).length > 0;',
  },
  {
    name: 'an end that a newer notification overtook is not told again',
    file: FLUSH,
    find: 'const owed = integration.sendResolved ?',
    replace: 'const owed = integration.sendResolved && flush.nowMs < 0 ?',
  },
  {
    name: 'a group forgets its members that fired',
    file: FLUSH,
    find: '  firing: new Set(firing.map(({ hash }) => hash)),',
    replace: '  firing: new Set<string>(),',
  },
  {
    name: 'an end that was refused is not told again once nothing of its group fires',
    file: FLUSH,
    find: 'firing.length === 0 && !isOwing',
    replace: 'firing.length === 0 && (!isOwing || flush.nowMs > 0)',
  },
  {
    name: 'what somebody has taken on escalates',
    file: ESCALATION,
    find: 'tellable.has(hash) && !acknowledged.has(hash))',
    replace: 'tellable.has(hash) && (!acknowledged.has(hash) || nowMs > 0))',
  },
  {
    name: 'what somebody has taken on is repeated',
    file: FLUSH,
    find: 'const isRepeated = repeats && ![...firing].every((hash) => acknowledged.has(hash));',
    replace: 'const isRepeated = repeats && (nowMs > 0 || ![...firing].every((hash) => acknowledged.has(hash)));',
  },
  {
    name: 'an escalation does not wait',
    file: ESCALATION,
    find: 'const dueMs = Math.max(toldAtMs, Math.min(startsAtMs, nowMs)) + step.afterMs;',
    replace: 'const dueMs = Math.max(toldAtMs, Math.min(startsAtMs, nowMs));',
  },
  {
    name: 'a new holder knows nothing of escalations',
    file: ESCALATION,
    find: "escalated: wordSet(attributes['escalated']),",
    replace: 'escalated: wordSet(undefined),',
  },
  {
    name: 'who is second is not told of ends',
    file: FLUSH,
    find: '(endedAtMs === undefined ? escalation : group.escalation).escalated.has(hash)',
    replace: '(endedAtMs === undefined ? escalation : escalation).escalated.has(hash)',
  },
  {
    name: 'a transition and its event are stored one after the other',
    file: 'shared/alerting/transitions.ts',
    find: '    // What is left when an hour was closed meanwhile,',
    replace: `    await storeUnits(items, lease, left.map((each) => [writeAlert(each.rule.ruleId, each.key, each.alert)]));
    // What is left when an hour was closed meanwhile,`,
  },
  {
    name: 'an error of a rule is over while nobody asks it',
    file: 'shared/alerting/own-findings.ts',
    find: ".get(labelValue(labels, 'rule_group'))?.complete === false;",
    replace: ".get(labelValue(labels, 'rule_group'))?.slotMs === -1;",
  },
];
