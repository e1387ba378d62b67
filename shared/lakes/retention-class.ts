import * as v from 'valibot';
import { messageOf, PermanentError } from '../errors.ts';
import { compileMatcher, type Matcher } from '../promql/matcher.ts';
import { parseQuery } from '../promql/parser.ts';
import { parseRetention, type Retention } from '../tiers/retention.ts';
import { CLASS_NAME } from './class-prefix.ts';

/** Series that are kept for a time of their own. */
export interface RetentionClass {
  readonly name: string;
  readonly retention: Retention;
  /** A series belongs to it when it matches any of these, unless an earlier class has it. Without one nothing new comes into it. */
  readonly selectors: readonly (readonly Matcher[])[];
}

/** Each is a lake of its own, which the compactor looks through every minute. */
const MAX_CLASSES = 20;
const MAX_SELECTORS = 100;

/** As people write it: `match` is a PromQL selector or several, `retention` such as `raw=3d,1m=7d,1h=30d`. */
const SETTINGS = v.array(v.strictObject({ name: v.string(), match: v.union([v.string(), v.array(v.string())]), retention: v.string() }));

/** @throws PermanentError that names all that is wrong. */
export const parseRetentionClasses = (settings: unknown): readonly RetentionClass[] => {
  const found = v.safeParse(SETTINGS, settings);
  if (!found.success) {
    const faults = found.issues.map((issue) => `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`);
    throw new PermanentError(`read retention classes: ${faults.join('; ')}; a list of {"name", "match", "retention"} is allowed`);
  }
  const faults: string[] = [];
  const classes = found.output.map((one): RetentionClass => {
    const told = <T>(parse: () => T, otherwise: T): T => {
      try {
        return parse();
      } catch (error) {
        faults.push(`class ${JSON.stringify(one.name.slice(0, 50))}: ${messageOf(error)}`);
        return otherwise;
      }
    };
    return {
      name: told(() => nameOf(one.name), one.name),
      retention: told(() => parseRetention(one.retention), parseRetention('')),
      selectors: [one.match].flat().map((text) => told(() => selectorOf(text), [])),
    };
  });
  const names = classes.map(({ name }) => name);
  if (new Set(names).size < names.length) faults.push('found a name twice, each once is allowed');
  if (classes.length > MAX_CLASSES) faults.push(`found ${classes.length} classes, ${MAX_CLASSES} are allowed`);
  if (classes.some(({ selectors }) => selectors.length > MAX_SELECTORS)) faults.push(`found more than ${MAX_SELECTORS} selectors of one class`);
  if (faults.length > 0) throw new PermanentError(`read retention classes: ${faults.join('; ')}`);
  return classes;
};

const nameOf = (name: string): string => {
  if (!CLASS_NAME.test(name) || name === 'default') throw new PermanentError('found a name that is none, up to 31 of a-z, 0-9 and _ with a letter first are allowed, but default');
  return name;
};

const selectorOf = (text: string): readonly Matcher[] => {
  const expr = parseQuery(text);
  if (expr.kind !== 'selector' || expr.offsetMs !== 0 || expr.at !== undefined || expr.matchers.every((matcher) => compileMatcher(matcher)(''))) {
    throw new PermanentError(`found ${JSON.stringify(text.slice(0, 100))}, a selector such as up{job="node"} is allowed`);
  }
  return expr.matchers;
};

/** By which samples are judged when they arrive: raw as in the class that lets go of it first, since no sender knows of classes. */
export const shortestRetention = (retention: Retention, classes: readonly RetentionClass[]): Retention => ({
  ...retention,
  raw: classes.reduce((raw, one) => Math.min(raw, one.retention.raw), retention.raw),
});
