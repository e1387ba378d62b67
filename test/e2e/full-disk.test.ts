import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/free-port.ts';
import { eventually } from '../support/tidemark-process.ts';

/** A disk of its own for one process: a small tmpfs in a mount namespace, which asks for no root. */
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

const script = (mount: string, port: number, options: string): string =>
  `mount -t tmpfs -o ${options} tmpfs ${mount} && exec ${process.execPath} scripts/tidemark.ts start --port ${port} --data ${mount}/data`;

describe.skipIf(!canMount)(`a disk that is in the way${canMount ? '' : ' (this machine lets nobody mount a tmpfs)'}`, () => {
  const mount = mkdtempSync(join(tmpdir(), 'tidemark-disk-'));
  afterAll(() => rmSync(mount, { recursive: true, force: true }));

  it('answers 503 with the reason when the disk is full, and says when to come back', async () => {
    const port = await freePort();
    const child = spawn('unshare', ['-rm', 'bash', '-c', script(mount, port, 'size=24m')], { stdio: 'ignore' });
    const url = `http://127.0.0.1:${port}`;
    await eventually('ready', 30_000, async () => ((await fetch(`${url}/-/ready`)).ok ? true : undefined));
    const acknowledged: number[] = [];
    const refused: { status: number; text: string; retryAfter: string | null }[] = [];
    for (let push = 0; push < 400 && refused.length < 3; push++) {
      const answer = await fetch(`${url}/api/v1/push`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: noisyLines(push) });
      if (answer.ok) acknowledged.push(push);
      else refused.push({ status: answer.status, text: await answer.text(), retryAfter: answer.headers.get('retry-after') });
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(refused.map((each) => each.status)).toEqual([503, 503, 503]);
    expect(refused[0]?.text).toMatch(/full|space/i);
    expect(Number(refused[0]?.retryAfter)).toBeGreaterThan(0);
    child.kill('SIGKILL');
  });

  it('says in one line that a folder is read-only', async () => {
    const { status, stdout, stderr } = spawnSync('unshare', ['-rm', 'bash', '-c', script(mount, await freePort(), 'size=4m,ro')], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(`${stdout}${stderr}`.trim().split('\n')).toEqual([expect.stringMatching(/read-only/i)]);
  });
});

/** Values that do not compress, so that the disk fills soon. */
const noisyLines = (push: number): string => {
  let text = '';
  let state = push + 1;
  for (let i = 0; i < 5000; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    text += `noise push=${push},i=${i} ${state / 3}\n`;
  }
  return text;
};

