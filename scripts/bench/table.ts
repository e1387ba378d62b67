import type { Measurement } from './measure.ts';

/** `bytes_per_sample` and `peak_rss_mb` say their unit themselves. */
const headOf = ({ metric, unit }: Measurement): string => (metric.includes(unit.toLowerCase()) ? metric : `${metric} [${unit}]`);

/** The measurements of one case as text: a line for each subject, a column for each metric, both in the order of their first number. */
export const formatTable = (measurements: readonly Measurement[]): string => {
  const metrics = new Map<string, string>();
  const subjects = new Map<string, Map<string, string>>();
  for (const measurement of measurements) {
    const { subject, metric, value } = measurement;
    metrics.set(metric, headOf(measurement));
    const row = subjects.get(subject) ?? new Map<string, string>();
    subjects.set(subject, row.set(metric, value.toLocaleString('en-US')));
  }
  const lines = [
    [measurements[0]?.case ?? '', ...metrics.values()],
    ...Array.from(subjects, ([subject, row]) => [subject, ...Array.from(metrics.keys(), (metric) => row.get(metric) ?? '-')]),
  ];
  const widths = Array.from({ length: metrics.size + 1 }, (_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const formatLine = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number))).join('  ');
  return `${lines.map(formatLine).join('\n')}\n`;
};
