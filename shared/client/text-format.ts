import type { Labels } from '../model/labels.ts';
import type { MetricRegistry } from './metric-registry.ts';

/** The registry in Prometheus' text format 0.0.4, for a `/metrics` page. */
export const toTextFormat = (registry: MetricRegistry): string => {
  let text = '';
  for (const family of registry.families()) {
    if (family.help !== '') text += `# HELP ${family.name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`;
    text += `# TYPE ${family.name} ${family.type}\n`;
    for (const series of family.series.values()) text += `${family.name}${labelText(series.labels)} ${numberText(series.value)}\n`;
  }
  return text;
};

const labelText = (labels: Labels): string =>
  labels.length === 0 ? '' : `{${labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')}}`;

const escapeValue = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const numberText = (value: number): string => {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
};
