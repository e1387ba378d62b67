import type { PutRecords } from '../../../shared/wire/record-stream.ts';
import { frameOf } from '../direct-sender.ts';
import { bitsOfNumber, type SimSample, STALE } from '../sample.ts';
import { never, SimProcess } from '../process.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Truth } from '../truth.ts';
import type { Span, TargetPlan } from './alert-plan.ts';

export interface TargetParts {
  readonly scheduler: Scheduler;
  readonly truth: Truth;
  readonly scrapeMs: number;
  readonly openPut: (process: SimProcess) => PutRecords;
  /** Whether nobody scrapes any more. */
  readonly isOver: () => boolean;
}

interface Pending {
  readonly data: Uint8Array;
  readonly samples: readonly SimSample[];
  readonly dueMs: number;
}

const covers = (spans: readonly Span[], tMs: number): boolean => spans.some(({ fromMs, untilMs }) => tMs >= fromMs && tMs < untilMs);

/** What a scrape at a time finds; empty in a gap that has begun before. */
export const scraped = ({ instance, dc, downs, busy, gaps, marks }: TargetPlan, tMs: number, scrapeMs: number): readonly SimSample[] => {
  const labels = { dc, instance };
  if (!covers(gaps, tMs)) {
    return [
      { metric: 'up', labels, tMs, ...bitsOfNumber(covers(downs, tMs) ? 0 : 1) },
      { metric: 'load', labels, tMs, ...bitsOfNumber(covers(busy, tMs) ? 95 : 10) },
    ];
  }
  return marks && !covers(gaps, tMs - scrapeMs) ? [{ metric: 'up', labels, tMs, ...STALE }, { metric: 'load', labels, tMs, ...STALE }] : [];
};

/** Scrapes a target on the grid and sends what it finds, again until it is taken, and some of it late. It starts again when it dies. */
export const runTarget = async (parts: TargetParts, plan: TargetPlan): Promise<void> => {
  const { scheduler, scrapeMs, isOver } = parts;
  for (let life = 0; !isOver(); life++) {
    const process = new SimProcess(`${plan.instance}-${life}`);
    const put = parts.openPut(process);
    await process.run(async () => {
      let pending: readonly Pending[] = [];
      while (!isOver()) {
        const nowMs = scheduler.nowMs();
        const tMs = Math.floor(nowMs / scrapeMs + 1) * scrapeMs;
        await scheduler.sleep(tMs - nowMs + scheduler.random.int(1, 500), process.name);
        if (!process.alive) await never();
        pending = [...pending, ...scrape(parts, plan, process, tMs)];
        pending = await flush(parts, put, plan.instance, pending);
      }
    });
  }
};

const scrape = ({ scheduler: { random }, scrapeMs }: TargetParts, plan: TargetPlan, process: SimProcess, tMs: number): readonly Pending[] => {
  const samples = scraped(plan, tMs, scrapeMs);
  const dueMs = random.chance(plan.late) ? tMs + plan.lateMs : tMs;
  return samples.length === 0 ? [] : [{ data: frameOf(samples, random.bytes(16), process.name), samples, dueMs }];
};

/** Sends what is due, and gives what is left. */
const flush = async ({ scheduler, truth }: TargetParts, put: PutRecords, instance: string, pending: readonly Pending[]): Promise<readonly Pending[]> => {
  const nowMs = scheduler.nowMs();
  const due = pending.filter(({ dueMs }) => dueMs <= nowMs);
  if (due.length === 0) return pending;
  for (const { data, samples } of due) truth.declare(data, 'samples', samples);
  try {
    await put(due.map(({ data }) => ({ partitionKey: instance, data })));
  } catch {
    return pending;
  }
  for (const { samples } of due) truth.acknowledge(samples);
  return pending.filter((each) => !due.includes(each));
};
