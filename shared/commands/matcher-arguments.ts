import { parseMatchers } from '../alerting/routing/matcher-text.ts';
import { PermanentError } from '../errors.ts';
import { parseDurationMs } from '../model/duration.ts';

/** A matcher as Alertmanager's API writes it. */
export interface MatcherJson {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** Matchers as people type them, all of which must hold: `alertname=Down 'host=~"web.*"'`. @throws PermanentError */
export const matcherArguments = (texts: readonly string[]): readonly MatcherJson[] =>
  texts.flatMap(parseMatchers).map(({ name, op, value }) => ({ name, value, isRegex: op === '=~' || op === '!~', isEqual: op === '=' || op === '=~' }));

/** `host=~"web.*"`, as a table shows it. */
export const matchersText = (matchers: readonly MatcherJson[]): string => matchers.map(({ name, value, isRegex, isEqual }) => `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}${JSON.stringify(value)}`).join(' ');

/** A duration as people type it. @throws PermanentError */
export const durationArgument = (text: string, option: string): number => {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined || durationMs <= 0) throw new PermanentError(`read ${option}: found ${JSON.stringify(text.slice(0, 100))}, a duration such as 2h is needed`);
  return durationMs;
};
