import { createHash } from 'node:crypto';
import { labelsFromJson, labelValue } from '../../shared/model/labels.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';

/** Labels that tell machines apart, the most common first. */
const PLACE_LABELS = ['host', 'instance', 'hostname', 'host.name'] as const;

/**
 * Spreads records over the shards by who sends and from where, so that one host's records stay in order on one shard. The
 * first series speaks for the request: agents send one machine at a time, and any shard is right.
 */
export const partitionKeyOf = (sender: string, batch: SampleBatch): string =>
  createHash('sha256').update(`${sender}\0${placeOf(batch)}`).digest('hex').slice(0, 32);

const placeOf = (batch: SampleBatch): string => {
  const json = batch.labels[0];
  if (json === undefined) return '';
  const labels = labelsFromJson('', json);
  return PLACE_LABELS.map((name) => labelValue(labels, name)).find((value) => value !== '') ?? '';
};
