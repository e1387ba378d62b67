import { formatGeneral } from '../go-format.ts';

/** Prometheus' human-readable numbers (template/template.go). */

/** Divides by `factor` while the value is not below it, a prefix per step. */
const scaleDown = (value: number, factor: number, prefixes: readonly string[]): string => {
  let rest = value;
  let prefix = '';
  for (const next of prefixes) {
    if (Math.abs(rest) < factor) break;
    prefix = next;
    rest /= factor;
  }
  return `${formatGeneral(rest, 4)}${prefix}`;
};

const scaleUp = (value: number): string => {
  let rest = value;
  let prefix = '';
  for (const next of ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y']) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return `${formatGeneral(rest, 4)}${prefix}`;
};

export const humanize = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return formatGeneral(value, 4);
  return Math.abs(value) >= 1 ? scaleDown(value, 1000, ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']) : scaleUp(value);
};

export const humanize1024 = (value: number): string => {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return formatGeneral(value, 4);
  return scaleDown(value, 1024, ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']);
};

export const humanizePercentage = (value: number): string => `${formatGeneral(value * 100, 4)}%`;

export const humanizeDuration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return formatGeneral(seconds, 4);
  if (seconds === 0) return `${formatGeneral(seconds, 4)}s`;
  if (Math.abs(seconds) < 1) return `${scaleUp(seconds)}s`;
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.trunc(Math.abs(seconds));
  const [s, m, h, d] = [whole % 60, Math.floor(whole / 60) % 60, Math.floor(whole / 3600) % 24, Math.floor(whole / 86_400)];
  if (d !== 0) return `${sign}${d}d ${h}h ${m}m ${s}s`;
  if (h !== 0) return `${sign}${h}h ${m}m ${s}s`;
  return m !== 0 ? `${sign}${m}m ${s}s` : `${sign}${formatGeneral(Math.abs(seconds), 4)}s`;
};
