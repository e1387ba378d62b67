/**
 * How much a pattern may cost: about 5 µs each to compile and to match per character, measured with re2js 2.10, so 50 ms at
 * the limit. Patterns of literals alone do not count: they never reach the regex engine.
 */
export const MAX_REGEX_COST = 10_000;

/** What a Unicode class (`\pL`) costs in single characters: it is a table of hundreds of ranges (measured: 97 µs). */
const UNICODE_CLASS_COST = 20;

const REPEAT = /^\{(\d+)(?:,(\d*))?\}/;

/** Ends of `[…]`: a `]` right after the opening is a member, escapes and `[:alpha:]` inside are skipped. */
const classEnd = (pattern: string, from: number): number => {
  let at = from + 1;
  if (pattern[at] === '^') at++;
  if (pattern[at] === ']') at++;
  for (; at < pattern.length && pattern[at] !== ']'; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern.startsWith('[:', at)) at = Math.max(at, pattern.indexOf(':]', at) + 1);
  }
  return at;
};

/** Adds up a pattern from left to right; `{n}` counts what it repeats n times over. */
class CostReader {
  private readonly pattern: string;
  /** Costs of the open groups, the outermost first. */
  private readonly groups: number[] = [0];
  private lastCost = 0;
  private at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  read(): number {
    while (this.at < this.pattern.length) this.atom();
    return this.groups.reduce((sum, cost) => sum + cost, 0);
  }

  private add(cost: number): void {
    this.lastCost = cost;
    this.groups.push((this.groups.pop() as number) + cost);
  }

  private atom(): void {
    const { pattern } = this;
    const char = pattern[this.at] as string;
    const repeat = char === '{' ? REPEAT.exec(pattern.slice(this.at, this.at + 16)) : null;
    if (repeat !== null) {
      const times = Math.max(Number(repeat[1]), Number(repeat[2] ?? 0));
      this.at += repeat[0].length;
      this.add(this.lastCost * Math.max(0, times - 1));
      return;
    }
    this.at++;
    if (char === '(') this.groups.push(1);
    else if (char === ')' && this.groups.length > 1) this.add(this.groups.pop() as number);
    else if (char === '\\') this.escape();
    else if (char === '[') {
      const end = classEnd(pattern, this.at - 1);
      const unicode = pattern.slice(this.at, end).match(/\\[pP]/g)?.length ?? 0;
      this.at = end + 1;
      this.add(1 + unicode * UNICODE_CLASS_COST);
    } else if (char !== '*' && char !== '+' && char !== '?' && char !== '|') this.add(1);
    else this.groups.push((this.groups.pop() as number) + 1);
  }

  private escape(): void {
    const letter = this.pattern[this.at];
    this.at++;
    this.add(letter === 'p' || letter === 'P' ? UNICODE_CLASS_COST : 1);
  }
}

/** What a pattern costs to compile and to run, in characters after its repetitions are written out. */
export const regexCost = (pattern: string): number => new CostReader(pattern).read();
