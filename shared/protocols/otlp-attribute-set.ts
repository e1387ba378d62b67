import type { LabelPair } from '../model/labels.ts';
import { attributeLabels } from './otlp-labels.ts';
import type { OtlpAttribute } from './otlp-shape.ts';
import { identifyLabels, type RefusedSeries } from './series-identity.ts';

/**
 * The label sets of one attribute set of a resource as canonical JSON: alone, and with the label of a bucket or quantile.
 * Each is put together once, however many points have it.
 */
export class OtlpAttributeSet {
  private readonly attributes: readonly OtlpAttribute[];
  private readonly target: readonly LabelPair[];
  private readonly take: (labels: ReadonlyMap<string, string>) => string | undefined;
  private labels: ReadonlyMap<string, string> | undefined;
  private alone: string | RefusedSeries | undefined;
  private readonly withLabel = new Map<string, string>();

  /** `take` is shown every label set before it is put together, and says why it is refused. */
  constructor(attributes: readonly OtlpAttribute[], target: readonly LabelPair[], take: (labels: ReadonlyMap<string, string>) => string | undefined) {
    this.attributes = attributes;
    this.target = target;
    this.take = take;
  }

  json(metric: string, label?: LabelPair): string | RefusedSeries {
    if (label === undefined) return (this.alone ??= this.build(metric));
    const [name, value] = label;
    // No label of ours holds a "=" in its name.
    const key = `${name}=${value}`;
    const known = this.withLabel.get(key);
    if (known !== undefined) return known;
    const built = this.build(metric, label);
    if (typeof built === 'string') this.withLabel.set(key, built);
    return built;
  }

  private build(metric: string, label?: LabelPair): string | RefusedSeries {
    const own = this.labels ?? attributeLabels(this.attributes, this.target);
    // Kept for the buckets to come; gauges and counters ask once.
    if (label !== undefined) this.labels = own;
    const labels = own === undefined || label === undefined ? own : new Map(own).set(...label);
    if (labels === undefined) return { reason: 'an attribute without a usable name' };
    const reason = this.take(labels);
    if (reason !== undefined) return { reason };
    const identity = identifyLabels(metric, labels);
    return 'reason' in identity ? identity : identity.labelsJson;
  }
}
