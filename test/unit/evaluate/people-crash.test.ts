import { describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { notify } from '../../../functions/notify/notify.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { listNotifications } from '../../../shared/alerting/notification-list.ts';
import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import { redeliver } from '../../../shared/alerting/redeliver.ts';
import { START, fillUp } from './delivering-world.ts';
import { Fuse } from './fuse.ts';
import { World } from './world.ts';

const MINUTE = 60_000;

/** More than the story has. */
const MOST_EFFECTS = 120;

const { config } = parseAlertmanagerFile(
  `route: {receiver: nobody, routes: [{receiver: ops, matchers: [alertname=Down], group_wait: 0s, group_interval: 10m, escalate: {after: 3m, receiver: leads}}]}
receivers: [{name: nobody}, {name: ops, webhook_configs: [{url: 'http://ops.example/'}]}, {name: leads, webhook_configs: [{url: 'http://leads.example/'}]}]`,
  'am.yml',
);

/** The alert is told of in minute 1, escalates in minute 4 to a receiver that refuses until minute 6, when somebody asks for it again. It ends, and that is told in minute 11. */
class Story {
  /** `receiver status` of what receivers took, by id. */
  readonly taken = new Map<string, string>();
  private readonly world: World;
  private readonly fuse: Fuse;
  private queue: PublishedNotification[] = [];
  private seen = 0;
  private restarts = 0;

  constructor(world: World, fuse: Fuse) {
    this.world = world;
    this.fuse = fuse;
  }

  async run(): Promise<boolean> {
    const { world, fuse } = this;
    if (config !== undefined) world.alertmanager = config;
    world.rulesText = '- {name: g, rules: [{alert: Down, expr: up == 0}]}';
    fillUp(world, 'a', [[MINUTE, 8 * MINUTE]], 14 * MINUTE);
    for (let minute = 0; minute <= 12; minute++) {
      const now = START + minute * MINUTE + 16_000;
      const wasBlown = fuse.blown;
      await this.minute(minute, now);
      if (!fuse.blown || wasBlown) continue;
      world.memory = createEvaluateMemory(`00000000000000c${this.restarts++}`);
      await this.minute(minute, now + 5000);
    }
    return fuse.blown;
  }

  private async minute(minute: number, now: number): Promise<void> {
    const { world } = this;
    if (minute === 6) await this.askAgain(now).catch(() => undefined);
    await world.tick(now, now, this.fuse.blown ? world.ports() : { ...this.fuse.ports(world.ports()), putRecords: async () => undefined }).catch(() => undefined);
    this.queue.push(...world.published.slice(this.seen));
    this.seen = world.published.length;
    const left: PublishedNotification[] = [];
    for (const published of this.queue) await this.deliver(published, now, minute < 6 ? 404 : 200).catch(() => left.push(published));
    this.queue = left;
  }

  private get alerts() {
    return this.fuse.blown ? this.world.alerts : this.fuse.table(this.world.alerts);
  }

  private async askAgain(now: number): Promise<void> {
    const { notifications } = await listNotifications(this.world.alerts, { times: { fromMs: START, toMs: now }, receiver: 'leads', limit: 10 }, now);
    for (const each of notifications) await redeliver(this.alerts, each, { again: false, dryRun: false, author: 'ann', isConfigured: () => true }, { actor: 'local', nowMs: now, random: Uint8Array.of(1) });
  }

  private async deliver(published: PublishedNotification, now: number, leads: number): Promise<void> {
    const send = async (): Promise<Response> => {
      const status = published.receiver === 'leads' ? leads : 200;
      if (status === 200) this.taken.set(published.id, `${published.receiver} ${published.subject}`);
      return new Response('', { status });
    };
    const fetch = () => (this.fuse.blown ? send() : this.fuse.effect(send));
    const ports = { alerts: this.alerts, alertmanager: async () => this.world.alertmanager, fetch, createTransport: () => Promise.reject(new Error('none')) as never, readSecret: async () => '' };
    const outcome = await notify(ports, published, { nowMs: now });
    if (outcome.outcome === 'retry') throw new Error('to be delivered again');
  }
}

describe('a crash between any two effects of an escalation and a redelivery', () => {
  it.each(['before', 'after'] as const)('%s the effect: each is delivered, under one id, and ends as sent', async (when) => {
    const worlds = await World.openSome(MOST_EFFECTS);
    let at = 0;
    for (const world of worlds) {
      const story = new Story(world, new Fuse(++at, when));
      const blown = await story.run();
      const what = `crash ${when} effect ${at}`;
      expect([...story.taken.values()].sort(), what).toEqual(['leads [FIRING:1] (Down a)', 'leads [RESOLVED] (Down a)', 'ops [FIRING:1] (Down a)', 'ops [RESOLVED] (Down a)']);
      const now = START + 13 * MINUTE;
      const { notifications } = await listNotifications(world.alerts, { times: { fromMs: START, toMs: now }, limit: 10 }, now);
      expect(notifications.map(({ state }) => state), what).toEqual(['sent', 'sent', 'sent', 'sent']);
      if (!blown) break;
    }
    await worlds[0]?.close();
    expect(at).toBeGreaterThan(30);
    expect(at).toBeLessThan(MOST_EFFECTS);
  }, 60_000);
});
