import { parseDurationMs } from '../../../shared/model/duration.ts';

/** One `load` block: its series lines, still text. */
export interface LoadBlock {
  readonly kind: 'load';
  readonly stepMs: number;
  readonly withCustomBuckets: boolean;
  readonly lines: readonly string[];
}

export interface EvalBlock {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  readonly startMs: number;
  /** Equal to `startMs`, with step 0, for an instant query. */
  readonly endMs: number;
  readonly stepMs: number;
  /** `fail`, `warn`, `no_info`, `ordered`, `string "x"`, … */
  readonly expectations: readonly string[];
  /** Expected series, or one bare number. */
  readonly lines: readonly string[];
}

/** An `eval` of a form that is not known here. */
export interface UnknownBlock {
  readonly kind: 'unknown';
  readonly line: number;
  readonly text: string;
}

export type Block = LoadBlock | EvalBlock | UnknownBlock | { readonly kind: 'clear' };

const duration = (text: string): number => {
  const sign = text.startsWith('-') ? -1 : 1;
  const plain = text.replace(/^-/, '');
  return sign * (/^[\d.]+$/.test(plain) ? Number(plain) * 1000 : (parseDurationMs(plain) as number));
};

const INSTANT = /^eval(_fail|_warn|_ordered|_info)?\s+instant\s+at\s+(\S+)\s+(.*)$/;
const RANGE = /^eval(_fail|_warn|_info)?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.*)$/;

const parseEval = (head: string, body: readonly string[], line: number): EvalBlock | UnknownBlock => {
  const instant = INSTANT.exec(head);
  const range = RANGE.exec(head);
  const parts = instant ?? range;
  if (parts === null) return { kind: 'unknown', line, text: head };
  const times = instant === null ? parts.slice(2, 5).map((text) => duration(text)) : [duration(parts[2] as string), duration(parts[2] as string), 0];
  const legacy = parts[1] === undefined ? [] : [parts[1].slice(1)];
  const expectations = body.filter((text) => text.startsWith('expect')).map((text) => text.replace(/^expect\w*\s+/, ''));
  return {
    kind: 'eval',
    line,
    query: parts.at(-1) as string,
    startMs: times[0] as number,
    endMs: times[1] as number,
    stepMs: times[2] as number,
    expectations: [...legacy, ...expectations],
    lines: body.filter((text) => !text.startsWith('expect')),
  };
};

/** The blocks of a `.test` file. A comment line counts as empty, and an empty line ends a block. */
export const parseCaseFile = (text: string): Block[] => {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const head = lines[i] as string;
    if (head === '') continue;
    const first = i + 1;
    if (head === 'clear') {
      blocks.push({ kind: 'clear' });
      continue;
    }
    while (i + 1 < lines.length && lines[i + 1] !== '') i++;
    const body = lines.slice(first, i + 1);
    const load = /^load(_with_nhcb)?\s+(\S+)$/.exec(head);
    if (load !== null) {
      blocks.push({ kind: 'load', stepMs: duration(load[2] as string), withCustomBuckets: load[1] !== undefined, lines: body });
    } else if (head.startsWith('eval')) blocks.push(parseEval(head, body, first));
    else throw new Error(`line ${first}: found ${JSON.stringify(head)}, a load, clear or eval is allowed`);
  }
  return blocks;
};

/** What the `expect range vector from a to b step c` line says. */
export const rangeVectorTimes = (expectation: string): { readonly startMs: number; readonly stepMs: number } => {
  const parts = /from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)/.exec(expectation) as RegExpExecArray;
  return { startMs: duration(parts[1] as string), stepMs: duration(parts[3] as string) };
};
