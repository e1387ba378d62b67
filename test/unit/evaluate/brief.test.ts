import { expect, it } from 'vitest';
import { notify } from '../../../functions/notify/notify.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import { BRIEF_RULES, World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;
/** A slot is evaluated at the first tick behind its lateness of 15 s. */
const BEHIND_MS = 30_000;

const ROUTES = `route: {receiver: pager, group_by: [alertname], group_wait: 0s, group_interval: 5m, repeat_interval: 1h}
receivers: [{name: pager, webhook_configs: [{url: 'http://hook.example/'}]}]
`;

it('instance_down is pending at 0, fires at 5 m, pages once, again after the repeat interval, and is resolved once', async () => {
  const world = await World.open();
  world.rulesText = BRIEF_RULES;
  const { config } = parseAlertmanagerFile(ROUTES, 'am.yml');
  world.alertmanager = config ?? world.alertmanager;
  for (let t = START - MINUTE; t <= START + 100 * MINUTE; t += 10_000) world.put('up', { host: 'web-1' }, t, t >= START && t < START + 80 * MINUTE ? 0 : 1);
  const phases: string[] = [];
  const pages: [number, string][] = [];
  for (let at = -MINUTE; at <= 95 * MINUTE; at += 15_000) {
    const before = world.published.length;
    const { pending, firing } = await world.tick(START + at + BEHIND_MS);
    const phase = firing > 0 ? 'firing' : pending > 0 ? 'pending' : 'inactive';
    if (!(phases.at(-1) ?? '').endsWith(phase)) phases.push(`${at / MINUTE} ${phase}`);
    for (const published of world.published.slice(before)) {
      pages.push([at / MINUTE, (JSON.parse(published.body) as { message: WebhookMessage }).message.status]);
      const ports = { alerts: world.alerts, alertmanager: async () => world.alertmanager, fetch: async () => new Response('', { status: 200 }), createTransport: () => Promise.reject(new Error('none')) as never, readSecret: async () => '' };
      await notify(ports, published, { nowMs: START + at + BEHIND_MS });
    }
  }
  expect(phases).toEqual(['-1 inactive', '0 pending', '5 firing', '80 inactive']);
  expect(pages).toEqual([
    [5, 'firing'],
    [65, 'firing'],
    [80, 'resolved'],
  ]);
  await world.close();
}, 60_000);
