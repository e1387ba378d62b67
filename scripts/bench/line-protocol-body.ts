import { labelsFromJson, METRIC_NAME } from '../../shared/model/labels.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';

/**
 * Influx line protocol, times in ms: of `cpu_user` and `cpu_idle` one line for measurement `cpu` with the fields `user` and
 * `idle`, as Telegraf sends them. Every series of a batch has the same labels and times.
 */
export const lineProtocolBody = (batches: readonly SampleBatch[]): Buffer => Buffer.from(batches.flatMap(writeBatch).join('\n'));

const writeBatch = ({ metrics, labels, offsets, tMs, values }: SampleBatch): readonly string[] => {
  const tags = labelsFromJson('host', labels[0] as string)
    .filter(([name]) => name !== METRIC_NAME)
    .map(([name, value]) => `,${name}=${value}`)
    .join('');
  const points = offsets[1] as number;
  return Array.from({ length: points }, (_, i) => {
    const fields = new Map<string, string[]>();
    metrics.forEach((metric, k) => {
      const border = metric.indexOf('_');
      const measurement = metric.slice(0, border);
      const list = fields.get(measurement) ?? [];
      list.push(`${metric.slice(border + 1)}=${values[k * points + i]}`);
      fields.set(measurement, list);
    });
    return Array.from(fields, ([measurement, list]) => `${measurement}${tags} ${list.join(',')} ${tMs[i]}`);
  }).flat();
};
