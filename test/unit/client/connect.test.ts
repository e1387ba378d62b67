import { afterEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../../shared/client/connect.ts';
import { decodeFrame } from '../../../shared/wire/frame.ts';

afterEach(() => vi.unstubAllGlobals());

describe('connect', () => {
  it('sends at its close also what came while a flush was under way', async () => {
    const sent: string[] = [];
    let begun = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    vi.stubGlobal('fetch', async (_: unknown, init?: RequestInit) => {
      sent.push(...decodeFrame(new Uint8Array(init?.body as Buffer)).batch.metrics);
      begun();
      await held;
      return new Response(null);
    });
    const { client, close } = connect({ url: 'http://127.0.0.1:1', sender: 's', flushIntervalMs: 5 });
    client.sample('early', {}, 1);
    await first;
    client.sample('late', {}, 1);
    const closed = close();
    release();
    await closed;
    expect(sent).toEqual(['early', 'late']);
  });

  it('sends and lives on when what is to be read before a flush cannot be read', async () => {
    vi.stubGlobal('fetch', async () => new Response(null));
    const { client, close } = connect({ url: 'http://127.0.0.1:1', sender: 's', flushIntervalMs: 1e6, beforeFlush: () => Promise.reject(new Error('no /proc')) });
    client.sample('a', {}, 1);
    expect(await close()).toEqual({ sentSamples: 1, droppedSamples: 0, bufferedSamples: 0, problem: 'no /proc' });
  });
});
