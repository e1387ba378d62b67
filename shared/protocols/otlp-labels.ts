import type { LabelPair } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { otlpLabelName } from './otlp-names.ts';
import type { OtlpAttribute } from './otlp-shape.ts';

/** Attributes of a resource that become `job` and `instance` (Prometheus' OTLP receiver). */
const NAMESPACE = 'service.namespace';
const NAME = 'service.name';
const INSTANCE = 'service.instance.id';

export interface ResourceLabels {
  /** `job` and `instance`, those that are known; on every series of the resource. */
  readonly target: readonly LabelPair[];
  /** All other attributes, for `target_info`. */
  readonly info: readonly OtlpAttribute[];
}

export const resourceLabels = (attributes: readonly OtlpAttribute[]): ResourceLabels => {
  const found = new Map(attributes);
  const name = found.get(NAME) ?? '';
  const namespace = found.get(NAMESPACE) ?? '';
  const target: LabelPair[] = [];
  if (name !== '') target.push(['job', namespace === '' ? name : `${namespace}/${name}`]);
  const instance = found.get(INSTANCE) ?? '';
  if (instance !== '') target.push(['instance', instance]);
  return { target, info: attributes.filter(([key]) => key !== NAME && key !== NAMESPACE && key !== INSTANCE) };
};

/**
 * Attributes as labels, with `fixed` on top of them. Keys that become one name have their values joined by ";" in the order
 * of the keys (OpenTelemetry specification, "Metric Attributes").
 * @returns undefined when a key has no character that can stand in a label name.
 */
export const attributeLabels = (attributes: readonly OtlpAttribute[], fixed: readonly LabelPair[]): Map<string, string> | undefined => {
  const labels = new Map<string, string>();
  const sorted = attributes.length < 2 ? attributes : [...attributes].sort((a, b) => compareUtf8(a[0], b[0]));
  for (const [key, value] of sorted) {
    const name = otlpLabelName(key);
    if (name === undefined) return undefined;
    const before = labels.get(name);
    labels.set(name, before === undefined ? value : `${before};${value}`);
  }
  for (const [name, value] of fixed) labels.set(name, value);
  return labels;
};
