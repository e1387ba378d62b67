import { describe, expect, it } from 'vitest';
import { notificationOf } from '../../../shared/alerting/dispatch/group-notification.ts';
import { newGroup, placesOf } from '../../../shared/alerting/dispatch/alert-group.ts';
import type { GroupPlace, GroupState } from '../../../shared/alerting/dispatch/alert-group.ts';
import { flushGroup } from '../../../shared/alerting/dispatch/flush-group.ts';
import type { FlushOutcome, GroupFlush } from '../../../shared/alerting/dispatch/flush-group.ts';
import { makeMutes } from '../../../shared/alerting/dispatch/mutes.ts';
import type { LogEntry } from '../../../shared/alerting/dispatch/notification-log.ts';
import { alertHash } from '../../../shared/alerting/dispatch/told-alert.ts';
import type { ToldAlert } from '../../../shared/alerting/dispatch/told-alert.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { integrationsOf } from '../../../shared/alerting/receivers.ts';
import type { AlertmanagerConfig } from '../../../shared/alerting/receivers.ts';
import type { NotificationBody } from '../../../shared/alerting/notification-body.ts';
import { compileMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import { makeLabels } from '../../../shared/model/labels.ts';

const MINUTE = 60_000;
const NOW = 1_700_000_000_000;

const configOf = (more = ''): AlertmanagerConfig => {
  const { config, errors } = parseAlertmanagerFile(
    `route: {receiver: ops, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 1h, routes: [{receiver: night, matchers: [team=night], mute_time_intervals: [always]}]}
receivers:
  - {name: ops, webhook_configs: [{url: 'http://a'}, {url: 'http://b', send_resolved: false}]}
  - {name: night, webhook_configs: [{url: 'http://a'}]}
time_intervals: [{name: always, time_intervals: [{}]}]
${more}`,
    'am.yml',
  );
  if (config === undefined) throw new Error(errors.join('\n'));
  return config;
};

const alertOf = (host: string, endedAtMs?: number, more: Record<string, string> = {}): ToldAlert => {
  const labels = makeLabels(Object.entries({ alertname: 'A', host, ...more }));
  return { hash: alertHash(labels), labels, annotations: [], startsAtMs: NOW, endedAtMs, isPending: false, generatorUrl: '' };
};

const NOBODY = { integrations: [], logs: [] };

/** A group that is flushed again and again, its receivers answering at once. */
class Story {
  group: GroupState | undefined;
  logs: (LogEntry | undefined)[] = [];
  readonly config: AlertmanagerConfig;
  readonly place: GroupPlace;

  constructor(config: AlertmanagerConfig, alert: ToldAlert, nowMs = NOW) {
    this.config = config;
    this.place = placesOf(config.route, alert.labels)[0] as GroupPlace;
    this.group = newGroup(this.place, alert, nowMs);
  }

  /** `[integration, status, hosts]` of what is told. */
  flush(members: readonly ToldAlert[], nowMs: number, answer: 'sent' | 'failed' | 'pending' = 'sent', changes: Partial<GroupFlush> = {}): [string, string, string[]][] {
    const integrations = integrationsOf(this.config, this.place.route.receiver);
    const outcome: FlushOutcome = flushGroup({
      place: this.place,
      group: this.group as GroupState,
      members,
      integrations,
      logs: integrations.map((_, i) => this.logs[i]),
      second: NOBODY,
      acknowledged: new Set(),
      mutes: makeMutes(this.config, { silences: [], firing: members.filter(({ endedAtMs }) => endedAtMs === undefined).map(({ hash, labels }) => ({ id: hash, labels })), nowMs }),
      nowMs,
      externalUrl: '',
      ...changes,
    });
    this.group = outcome.group;
    for (const write of outcome.writes) if ('put' in write && write.put.pk.startsWith('log#')) this.remember(write.put.attributes, integrations.map(({ id }) => id), outcome, answer, nowMs);
    return outcome.notifications.map(({ integration, body }) => {
      const { message } = JSON.parse(body) as NotificationBody;
      return [integration, message.status, message.alerts.map(({ labels, status }) => `${labels['host']} ${status}`)];
    });
  }

  /** How the last notification of the first integration ended. */
  answerLast(state: LogEntry['state']): void {
    this.logs[0] = { ...(this.logs[0] as LogEntry), state };
  }

  /** What notify would write down. */
  private remember(attributes: Readonly<Record<string, unknown>>, ids: readonly string[], { notifications }: FlushOutcome, answer: LogEntry['state'], nowMs: number): void {
    const words = (name: string) => new Set(String(attributes[name]).split(' ').filter((word) => word !== ''));
    const newest = { firing: words('newestFiring'), resolved: words('newestResolved'), atMs: nowMs };
    const sequence = Number(attributes['sequence']);
    const told = notifications.filter((notification) => notification.sequence === sequence).map(({ integration }) => ids.indexOf(integration));
    const i = told.find((each) => this.logs[each]?.sequence !== sequence) ?? ids.findIndex((_, each) => this.logs[each]?.sequence !== sequence);
    this.logs[i] = { sequence, state: answer, newest, sent: answer === 'sent' ? newest : this.logs[i]?.sent, unsure: words('unsure') };
  }
}

const OPS = 'ops/webhook/0';
const FIRING_ONLY = 'ops/webhook/1';

describe('a group over its flushes', () => {
  it('tells of a beginning once, of a second alert with the first, and repeats after the repeat interval', () => {
    const a = alertOf('a');
    const story = new Story(configOf(), a);
    expect(story.group?.nextFlushMs).toBe(NOW + 30_000);
    expect(story.flush([a], NOW + 30_000)).toEqual([[OPS, 'firing', ['a firing']], [FIRING_ONLY, 'firing', ['a firing']]]);
    expect(story.group?.nextFlushMs).toBe(NOW + 30_000 + 5 * MINUTE);
    expect(story.flush([a], NOW + 6 * MINUTE)).toEqual([]);
    const b = alertOf('b');
    expect(story.flush([a, b], NOW + 12 * MINUTE).map(([, , hosts]) => hosts.length)).toEqual([2, 2]);
    expect(story.flush([a, b], NOW + 70 * MINUTE)).toEqual([]);
    expect(story.flush([a, b], NOW + 72 * MINUTE)).toHaveLength(2);
  });

  it('tells of an end once, those who want ends alone, and vanishes', () => {
    const story = new Story(configOf(), alertOf('a'));
    story.flush([alertOf('a'), alertOf('b')], NOW + 30_000);
    expect(story.flush([alertOf('a'), alertOf('b', NOW + MINUTE)], NOW + 6 * MINUTE)).toEqual([[OPS, 'firing', ['a firing', 'b resolved']]]);
    // The ended alert is remembered for a while, and is nobody's news any more.
    expect(story.flush([alertOf('a'), alertOf('b', NOW + MINUTE)], NOW + 11 * MINUTE)).toEqual([]);
    expect(story.flush([alertOf('a', NOW + 12 * MINUTE), alertOf('b', NOW + MINUTE)], NOW + 16 * MINUTE)).toEqual([[OPS, 'resolved', ['a resolved']]]);
    expect(story.flush([alertOf('a', NOW + 12 * MINUTE), alertOf('b', NOW + MINUTE)], NOW + 21 * MINUTE)).toEqual([]);
    expect(story.group).toBeUndefined();
  });

  it('stays until the end of its last alert has arrived, and tells of it again when it was refused', () => {
    const story = new Story(configOf(), alertOf('a'));
    const ended = alertOf('a', NOW + MINUTE);
    story.flush([alertOf('a')], NOW + 30_000);
    expect(story.flush([ended], NOW + 6 * MINUTE, 'pending')).toEqual([[OPS, 'resolved', ['a resolved']]]);
    expect(story.flush([ended], NOW + 11 * MINUTE)).toEqual([]);
    story.answerLast('failed');
    expect(story.flush([ended], NOW + 16 * MINUTE, 'failed')).toEqual([[OPS, 'resolved', ['a resolved']]]);
    expect(story.flush([ended], NOW + 21 * MINUTE)).toEqual([[OPS, 'resolved', ['a resolved']]]);
    expect(story.flush([ended], NOW + 26 * MINUTE)).toEqual([]);
    expect(story.group).toBeUndefined();
  });

  it('tells again of a refused end of one that may have been heard of', () => {
    const story = new Story(configOf(), alertOf('a'));
    const ended = alertOf('a', NOW + MINUTE);
    story.flush([alertOf('a')], NOW + 30_000, 'pending');
    expect(story.flush([ended], NOW + 6 * MINUTE, 'failed')).toEqual([[OPS, 'resolved', ['a resolved']]]);
    expect(story.flush([ended], NOW + 11 * MINUTE)).toEqual([[OPS, 'resolved', ['a resolved']]]);
  });

  it('does not stay for an end whose beginning was refused', () => {
    const story = new Story(configOf(), alertOf('a'));
    story.flush([alertOf('a')], NOW + 30_000, 'failed');
    expect(story.flush([alertOf('a', NOW + MINUTE)], NOW + 6 * MINUTE)).toEqual([]);
    expect(story.group).toBeUndefined();
  });

  it.each(['pending', 'failed'] as const)('tells of an end with the next news again while it is %s', (answer) => {
    const story = new Story(configOf(), alertOf('a'));
    const ended = alertOf('b', NOW + MINUTE);
    story.flush([alertOf('a'), alertOf('b')], NOW + 30_000);
    expect(story.flush([alertOf('a'), ended], NOW + 6 * MINUTE, answer)).toEqual([[OPS, 'firing', ['a firing', 'b resolved']]]);
    expect(story.flush([alertOf('a'), alertOf('c'), ended], NOW + 11 * MINUTE)).toContainEqual([OPS, 'firing', ['a firing', 'c firing', 'b resolved']]);
    expect(story.flush([alertOf('a'), alertOf('c'), ended], NOW + 16 * MINUTE)).toEqual([]);
  });

  it('tells of the end of one that may have been heard of', () => {
    const story = new Story(configOf(), alertOf('a'));
    story.flush([alertOf('a'), alertOf('b')], NOW + 30_000, 'pending');
    story.flush([alertOf('a'), alertOf('b', NOW + MINUTE)], NOW + 6 * MINUTE, 'pending');
    expect(story.flush([alertOf('a'), alertOf('c'), alertOf('b', NOW + MINUTE)], NOW + 11 * MINUTE)).toContainEqual([OPS, 'firing', ['a firing', 'c firing', 'b resolved']]);
  });

  it('tells again of one that came back after its end', () => {
    const story = new Story(configOf(), alertOf('a'));
    story.flush([alertOf('a'), alertOf('b')], NOW + 30_000);
    story.flush([alertOf('a'), alertOf('b', NOW + MINUTE)], NOW + 6 * MINUTE);
    expect(story.flush([alertOf('a'), alertOf('b')], NOW + 11 * MINUTE)).toContainEqual([OPS, 'firing', ['a firing', 'b firing']]);
    expect(story.flush([alertOf('a'), alertOf('b', NOW + 12 * MINUTE)], NOW + 16 * MINUTE)).toEqual([[OPS, 'firing', ['a firing', 'b resolved']]]);
  });

  it('says nothing of an end nobody heard the beginning of', () => {
    const story = new Story(configOf(), alertOf('a'));
    expect(story.flush([alertOf('a', NOW + 10_000)], NOW + 30_000)).toEqual([]);
    expect(story.group).toBeUndefined();
  });

  it('an end that is really a fall back to pending is told to those who knew', () => {
    const story = new Story(configOf(), alertOf('a'));
    story.flush([alertOf('a')], NOW + 30_000);
    const pending = { ...alertOf('a', NOW + MINUTE), isPending: true };
    const other = { ...alertOf('new', NOW + MINUTE), isPending: true };
    expect(story.flush([pending, other], NOW + 6 * MINUTE)).toEqual([[OPS, 'resolved', ['a resolved']]]);
  });

  it('sends again at the next interval after a final failure, and not while it is on its way', () => {
    const story = new Story(configOf(), alertOf('a'));
    expect(story.flush([alertOf('a')], NOW + 30_000, 'pending')).toHaveLength(2);
    expect(story.flush([alertOf('a')], NOW + 6 * MINUTE)).toEqual([]);
    expect(story.flush([alertOf('a')], NOW + 301 * MINUTE, 'failed')).toHaveLength(2); // lost
    expect(story.flush([alertOf('a')], NOW + 306 * MINUTE)).toHaveLength(2);
    expect(story.flush([alertOf('a')], NOW + 311 * MINUTE)).toEqual([]);
  });

  it('gives each flush a greater sequence than the one before, even where the clock was set back', () => {
    const story = new Story(configOf(), alertOf('a'));
    story.flush([alertOf('a')], NOW + 30_000);
    const sequence = story.logs[0]?.sequence ?? 0;
    const again = new Story(configOf(), alertOf('b'), NOW - 60 * MINUTE);
    again.logs = story.logs;
    again.flush([alertOf('b')], NOW - 59 * MINUTE);
    expect(again.logs[0]?.sequence).toBeGreaterThan(sequence);
  });

  it('tells of 2,000 alerts and counts the others', () => {
    const many = Array.from({ length: 2500 }, (_, i) => alertOf(`h${i}`));
    const story = new Story(configOf(), alertOf('a'));
    const outcome = flushGroup({
      place: story.place, group: story.group as GroupState, members: many, integrations: integrationsOf(story.config, 'ops'), logs: [undefined, undefined], second: NOBODY, acknowledged: new Set(),
      mutes: makeMutes(story.config, { silences: [], firing: [], nowMs: NOW }), nowMs: NOW, externalUrl: '',
    });
    const { message } = JSON.parse(outcome.notifications[0]?.body ?? '') as NotificationBody;
    expect(message.alerts.length + message.truncatedAlerts).toBe(2500);
    expect(Buffer.byteLength(outcome.notifications[0]?.body ?? '')).toBeLessThanOrEqual(200 * 1024);
    expect(Buffer.byteLength(JSON.stringify(outcome.writes))).toBeLessThan(4_000_000);
  });
});

describe('the notifications of a group', () => {
  const [integration] = integrationsOf(configOf(), 'ops');
  const told = (alert: ToldAlert, sequence: number) => {
    const place = placesOf(configOf().route, alert.labels)[0] as GroupPlace;
    if (integration === undefined) throw new Error('no integration');
    const { id, body } = notificationOf({ place, alerts: [alert], leftOut: 0, sequence, externalUrl: '' }, integration, 1);
    return { id, dedupKey: (JSON.parse(body) as NotificationBody).dedupKey };
  };

  it('have one dedup key, whatever fires in it and whenever, and an id each', () => {
    const all = [told(alertOf('a'), 1), told(alertOf('a', NOW), 2), told(alertOf('b'), 3)];
    expect(new Set(all.map(({ dedupKey }) => dedupKey)).size).toBe(1);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
    expect(told(alertOf('a'), 1)).toEqual(all[0]);
    expect(told(alertOf('a', undefined, { alertname: 'B' }), 1).dedupKey).not.toBe(all[0]?.dedupKey);
  });
});

describe('what keeps a group quiet', () => {
  it('inhibits a target while its source fires, not the source itself', () => {
    const config = configOf('inhibit_rules: [{source_matchers: [severity=page], target_matchers: [severity=~"page|warn"], equal: [alertname]}]');
    const page = alertOf('a', undefined, { severity: 'page' });
    const warn = alertOf('b', undefined, { severity: 'warn' });
    expect(new Story(config, page).flush([page, warn], NOW + 30_000)[0]).toEqual([OPS, 'firing', ['a firing']]);
    expect(new Story(config, page).flush([alertOf('a', NOW, { severity: 'page' }), warn], NOW + 30_000)[0]).toEqual([OPS, 'firing', ['b firing']]);
  });

  it('silences by matchers, from the start to the end', () => {
    const a = alertOf('a');
    const silence = { id: 's', matchers: compileMatchers([{ name: 'host', op: '=~', value: 'a|b' }]), startsAtMs: NOW, endsAtMs: NOW + MINUTE, updatedAtMs: NOW, createdBy: '', comment: '' };
    const at = (nowMs: number) => ({ mutes: makeMutes(configOf(), { silences: [silence], firing: [], nowMs }) });
    const story = new Story(configOf(), a);
    expect(story.flush([a], NOW + 30_000, 'sent', at(NOW + 30_000))).toEqual([]);
    expect(story.flush([a], NOW + 6 * MINUTE, 'sent', at(NOW + MINUTE))).toHaveLength(2);
  });

  it('mutes a route in its time interval', () => {
    const night = alertOf('a', undefined, { team: 'night' });
    const story = new Story(configOf(), night);
    expect(story.place.route.receiver).toBe('night');
    expect(story.flush([night], NOW + 30_000)).toEqual([]);
  });
});
