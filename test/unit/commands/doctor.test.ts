import { describe, expect, it } from 'vitest';
import { addQuarantineFile } from '../../../shared/catalog/quarantine-files.ts';
import type { CheckReport } from '../../../shared/commands/check.ts';
import { doctor } from '../../../shared/commands/doctor.ts';
import { type CompactRoad, END_MS, openCompactRoad, START_MS } from '../compact/compact-road.ts';
import { openAdmin } from './open-admin.ts';

const run = (road: CompactRoad, { nowMs = END_MS, json = false, progress = [] as string[] } = {}): Promise<CheckReport> => {
  return doctor(openAdmin({ ...road.ports, clockMs: () => nowMs }), { json, progress: (text) => progress.push(text) });
};

/** An hour with two hot files; the road is level with `watermarkMs`. */
const openRoad = async (watermarkMs = END_MS): Promise<{ road: CompactRoad; keys: readonly string[] }> => {
  const road = await openCompactRoad();
  const first = await road.addHot(START_MS + 1000, [{ metric: 'up', s: 0, value: 1 }]);
  const second = await road.addHot(START_MS + 2000, [{ metric: 'up', s: 1, value: 2 }]);
  await road.minute({ nowMs: START_MS + 3000 });
  await road.watermark(watermarkMs);
  return { road, keys: [...first, ...second] };
};

describe('doctor', () => {
  it('says what is there, and that nothing is wrong', async () => {
    const { road } = await openRoad();
    const progress: string[] = [];
    const { ok, lines } = await run(road, { progress });
    const text = lines.join('\n').replace(/\d+ bytes/g, 'n bytes');
    expect(ok).toBe(true);
    expect(text).toContain('hot files                 2, n bytes\noldest unmerged hot file  arrived 59 min ago');
    expect(lines.at(-1)).toBe('nothing is wrong');
    expect(progress).toEqual(['[####################] 1 of 1 partitions, 0 findings']);
  });

  it('is not ok when something is wrong, which comes first and with what to do', async () => {
    const { road, keys } = await openRoad();
    await road.ports.objects.remove([keys[0] as string]);
    const { ok, lines } = await run(road);
    expect(ok).toBe(false);
    const at = lines.findIndex((line) => line.startsWith('wrong: hot object missing (raw 2026-03-01-10): 1: hot/'));
    expect(lines[at + 1]).toMatch(/^ {2}bring it back/);
    expect(lines.at(-1)).toBe('1 thing is wrong');
  });

  it('tells of hot files that should have been merged long ago', async () => {
    const eightHoursMs = 8 * 3_600_000;
    const { road } = await openRoad(START_MS + 1000 + eightHoursMs);
    expect(await run(road, { nowMs: START_MS + 1000 + eightHoursMs })).toMatchObject({ ok: true });
    const late = await run(road, { nowMs: START_MS + 1001 + eightHoursMs });
    expect(late.ok).toBe(false);
    expect(late.lines.join('\n')).toContain('wrong: hot files not merged (raw): the oldest arrived 8 h 0 min ago, 8 h 0 min are normal at most');
  });

  it('tells of quarantine objects that are not there', async () => {
    const { road } = await openRoad();
    await addQuarantineFile(road.ports.catalog, { key: 'quarantine/dt=2026-03-01-10/1-a.jsonl', arrivalMs: START_MS, records: 1 });
    const progress: string[] = [];
    const { ok, lines } = await run(road, { progress });
    expect(ok).toBe(false);
    expect(lines.join('\n')).toContain('wrong: quarantine object missing (quarantine): 1: quarantine/dt=2026-03-01-10/1-a.jsonl');
    expect(progress[0]).toBe('[####################] 1 of 1 quarantine objects, 1 finding');
  });

  it('gives the same to machines as one JSON object', async () => {
    const { road, keys } = await openRoad();
    await road.ports.objects.remove([keys[0] as string]);
    const { ok, lines } = await run(road, { json: true });
    expect(ok).toBe(false);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ ok: false, partitions: 1, hotFiles: 2, oldestUnmergedMs: START_MS + 1000, gaps: 0, findings: [{ severity: 'wrong', kind: 'hot object missing' }] });
  });
});
