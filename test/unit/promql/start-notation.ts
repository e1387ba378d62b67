import { parseDurationMs } from '../../../shared/model/duration.ts';

/** The start times of a series' samples, as offsets to their own times; undefined = unknown. */
export type NotedStart = number | undefined;

const signedMs = (sign: string | undefined, text: string): number => {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw new Error(`read start times: found ${JSON.stringify(text)}, a duration is allowed`);
  return sign === '-' ? -durationMs : durationMs;
};

const ITEM = /^([+-]?)(\d[0-9a-wyz]*)(?:([+-])(\d[0-9a-wyz]*))?(?:x(\d+))?$/;

/** `-1m`, `_`, `_x3`, `-1mx2` (three of them), `-30s-1mx2` (-30s, -90s, -150s). */
const parseItem = (item: string): NotedStart[] => {
  if (item === '_') return [undefined];
  const gap = /^_x(\d+)$/.exec(item);
  if (gap !== null) return Array.from({ length: Number(gap[1]) }, () => undefined);
  const parts = ITEM.exec(item);
  if (parts === null) throw new Error(`read start times: found ${JSON.stringify(item)}, a duration or _ is allowed`);
  const first = signedMs(parts[1], parts[2] as string);
  const step = parts[4] === undefined ? 0 : signedMs(parts[3], parts[4]);
  return Array.from({ length: Number(parts[5] ?? 0) + 1 }, (_, i) => first + i * step);
};

/** `name{l="v"}@st -1m _ -1mx3` as the text of the series and its start times; undefined for other lines. */
export const parseStartLine = (line: string): { readonly series: string; readonly starts: readonly NotedStart[] } | undefined => {
  const parts = /^(\S*?(?:\{.*\})?)@st\s+(.*)$/.exec(line.trim());
  if (parts === null) return undefined;
  return { series: parts[1] as string, starts: (parts[2] as string).split(/\s+/).flatMap(parseItem) };
};
