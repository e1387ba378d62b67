import { expect, it } from 'vitest';
import { addHotFile } from '../../../shared/catalog/hot-files.ts';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { buildHotObjects, type HotObject } from '../../../shared/storage/hot-object.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { usedBytes } from '../../support/heap.ts';
import { openQuery, NOW_MS } from '../query/open-query.ts';

const FILES = 200;

/** One sample of `wanted` among 20,000 others. */
const fileOf = (): HotObject => {
  const batch = new SampleBatchBuilder();
  batch.series('noise', '{}');
  for (let i = 0; i < 20_000; i++) batch.sample(NOW_MS + i, i);
  batch.series('wanted', '{}');
  batch.sample(NOW_MS, 1);
  return buildHotObjects([batch.build()], { promotedLabels: [] })[0] as HotObject;
};

it('a select holds the samples it wants, not the files they lie in', async () => {
  const query = await openQuery();
  const { bytes, ...row } = fileOf();
  for (let i = 0; i < FILES; i++) await addHotFile(query.catalog, { ...row, key: `hot/${String(i).padStart(4, '0')}`, bytes: bytes.length });
  let gets = 0;
  let most = 0;
  const before = usedBytes();
  const get = async (): Promise<Uint8Array> => {
    if (++gets % 50 === 0) most = Math.max(most, usedBytes() - before);
    return bytes;
  };
  const select = makeSelectSeries({ objects: { get }, catalog: query.catalog, cache: makePieceCache(0), limits: { maxSamples: 1000 } });
  const block = await select({ matchers: [{ name: '__name__', op: '=', value: 'wanted' }], fromMs: NOW_MS, toMs: NOW_MS });
  expect([block.labels.length, block.tMs.length, gets]).toEqual([1, 1, FILES]);
  // All files decoded are 64 MB; some are read ahead.
  expect(most).toBeLessThan(30e6);
  await query.close();
});

it('a select that is over its limit reads no further files', async () => {
  const query = await openQuery();
  const { bytes, ...row } = fileOf();
  for (let i = 0; i < FILES; i++) await addHotFile(query.catalog, { ...row, key: `hot/${String(i).padStart(4, '0')}`, bytes: bytes.length });
  let gets = 0;
  const get = async (): Promise<Uint8Array> => (gets++, bytes);
  const select = makeSelectSeries({ objects: { get }, catalog: query.catalog, cache: makePieceCache(0), limits: { maxSamples: 1000 } });
  await expect(select({ matchers: [{ name: '__name__', op: '=', value: 'noise' }], fromMs: NOW_MS, toMs: NOW_MS + 20_000 })).rejects.toThrow('too many samples');
  expect(gets).toBeLessThan(FILES / 2);
  await query.close();
});
