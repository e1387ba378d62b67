import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SenderLog } from '../../../shared/catalog/senders.ts';
import { NOW_MS, openQuery, type OpenQuery } from './open-query.ts';

let query: OpenQuery;
beforeEach(async () => {
  query = await openQuery();
});
afterEach(() => query.close());

const read = async (path: string): Promise<unknown> => ((await (await query.get(`/api/v1/${path}`)).json()) as { data: unknown }).data;
const healthOf = async (): Promise<unknown> =>
  ((await read('targets')) as { activeTargets: { labels: { sender: string }; health: string }[] }).activeTargets.map(({ labels, health }) => [labels.sender, health]);

const see = (sender: string, agoMs: number, flushIntervalMs = 10_000): Promise<void> =>
  new SenderLog().note(query.catalog, `shard-${sender}`, [{ sender, arrivalMs: NOW_MS - agoMs, flushIntervalMs, samples: 7, latenessMs: 1500 }], NOW_MS - agoMs);

const NONE = { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} };

describe('/api/v1/targets', () => {
  it('is empty before anybody has sent', async () => {
    expect(await read('targets')).toEqual(NONE);
    expect(await read('scrape_pools')).toEqual({ scrapePools: [] });
  });

  it('lists senders in the shape of what Prometheus scrapes', async () => {
    await see('web-1', 30_000);
    expect(await read('targets')).toEqual({
      ...NONE,
      activeTargets: [
        {
          discoveredLabels: { job: 'senders', sender: 'web-1' },
          labels: { job: 'senders', sender: 'web-1' },
          scrapePool: 'senders',
          scrapeUrl: '',
          globalUrl: '',
          lastError: '',
          lastScrape: new Date(NOW_MS - 30_000).toISOString(),
          lastScrapeDuration: 0,
          health: 'up',
          scrapeInterval: '10s',
          scrapeTimeout: '10s',
          tidemark: { shard: 'shard-web-1', firstSeen: new Date(NOW_MS - 30_000).toISOString(), samples: 7, latenessSeconds: 1.5 },
        },
      ],
    });
    expect(await read('scrape_pools')).toEqual({ scrapePools: ['senders'] });
  });

  it('says that a sender is down once it has missed three flushes, and five minutes', async () => {
    await see('a', 300_000);
    await see('b', 300_001);
    await see('c', 1_200_000, 600_000);
    await see('d', 1_800_001, 600_000);
    expect(await healthOf()).toEqual([['a', 'up'], ['b', 'down'], ['c', 'up'], ['d', 'down']]);
  });

  it('is narrowed by state and pool', async () => {
    await see('a', 0);
    for (const filter of ['', '?state=active', '?state=ANY', '?scrapePool=senders']) expect(await read(`targets${filter}`)).toMatchObject({ activeTargets: [{}] });
    for (const filter of ['?state=dropped', '?scrapePool=other']) expect(await read(`targets${filter}`)).toEqual(NONE);
  });
});
