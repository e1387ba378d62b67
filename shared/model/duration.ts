const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const UNITS = ['y', 'w', 'd', 'h', 'm', 's', 'ms'] as const;

/** Milliseconds of a Prometheus duration such as `1h30m` or `0`; undefined when the text is none. */
export const parseDurationMs = (text: string): number | undefined => {
  if (text === '0') return 0;
  const match = DURATION.exec(text);
  if (match === null || text === '') return undefined;
  let total = 0;
  UNITS.forEach((unit, i) => {
    total += Number(match[i + 1] ?? 0) * (UNIT_MS[unit] as number);
  });
  return total;
};

/** `90_000` as `1m30s`, the way Prometheus prints durations; `0` as `0s`. */
export const formatDurationMs = (durationMs: number): string => {
  if (durationMs === 0) return '0s';
  let rest = durationMs;
  let text = '';
  for (const unit of UNITS) {
    const unitMs = UNIT_MS[unit] as number;
    // Years and weeks are used only when they divide evenly, so that 30 days stay `30d` (prometheus/common, model.Duration).
    if ((unit === 'y' || unit === 'w') && rest % unitMs !== 0) continue;
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
};
