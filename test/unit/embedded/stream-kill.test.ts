import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStream } from '../../../shared/embedded/stream.ts';
import { tempFolder } from '../../contract/temp-folder.ts';

/** Puts numbered records without end, several at a time, and prints a number once it is acknowledged. */
const APPENDER = `
import { openStream } from ${JSON.stringify(join(import.meta.dirname, '../../../shared/embedded/stream.ts'))};
const stream = await openStream(process.argv[1], { shardCount: 1, nowMs: Date.now, segmentBytes: 20000 });
const first = Number(process.argv[2]);
let next = first;
const lane = async () => {
  for (;;) {
    const number = next++;
    await stream.putRecords([{ partitionKey: 'k', data: Buffer.from(String(number).padEnd(10 + number % 3000)) }]);
    process.stdout.write(number + '\\n');
  }
};
await Promise.all(Array.from({ length: 8 }, lane));
`;

/** The numbers that the appender says are acknowledged, up to the kill. */
const appendUntilKilled = async (dir: string, first: number, afterCount: number): Promise<number[]> => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', APPENDER, dir, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > afterCount) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return output.split('\n').slice(0, -1).map(Number);
};

describe('embedded stream under kill -9', () => {
  it('has every acknowledged record after each of three kills, once and in order of its sequence', async () => {
    const dir = await tempFolder();
    const acknowledged: number[] = [];
    for (let round = 0; round < 3; round++) {
      acknowledged.push(...(await appendUntilKilled(dir, round * 1_000_000, 150 + 37 * round)));
    }
    expect(acknowledged.length).toBeGreaterThan(500);
    const stream = await openStream(dir, { shardCount: 1, nowMs: Date.now });
    const { records } = await stream.read('shard-000000', undefined, 1e6, Number.POSITIVE_INFINITY);
    await stream.close();
    const stored = records.map(({ data }) => Number(Buffer.from(data).toString()));
    expect(acknowledged.filter((number) => !stored.includes(number))).toEqual([]);
    expect(new Set(stored).size).toBe(stored.length);
    expect(records.map(({ sequence }) => Number(sequence))).toEqual(Array.from(stored, (_, i) => i + 1));
  });
});
