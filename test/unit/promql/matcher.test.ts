import { describe, expect, it } from 'vitest';
import { compileMatcher, type MatchOp } from '../../../shared/promql/matcher.ts';

const matches = (op: MatchOp, value: string, label: string): boolean => compileMatcher({ name: 'a', op, value })(label);

describe('matchers', () => {
  it.each([
    ['=', 'x', 'x', true], ['=', 'x', '', false], ['!=', 'x', '', true], ['=', '', '', true],
    ['=~', 'ab', 'ab', true], ['=~', 'ab', 'xaby', false], ['=~', 'a|b', 'b', true], ['=~', 'a|b', 'ab', false],
    ['=~', 'a.*', 'a', true], ['=~', 'a.+', 'a', false], ['=~', '.*a', 'ba', true], ['=~', '.+a.+', 'xay', true], ['=~', '.+a.+', 'ay', false],
    ['=~', '.*', '', true], ['=~', '.+', '', false], ['=~', '.+', '\n', true], ['=~', 'a.b', 'a\nb', true], ['=~', 'a.*', 'a\n', true],
    ['!~', 'a|b', 'c', true], ['!~', '', '', false], ['=~', '(?i)ABC', 'abc', true], ['=~', '\\pL+', 'é', true], ['=~', 'a||b', '', true],
  ] as const)('%s %j on %j is %s', (op, value, label, result) => {
    expect(matches(op, value, label)).toBe(result);
  });

  it('does not backtrack', () => {
    const from = performance.now();
    expect(matches('=~', '(a+a+)+b', 'a'.repeat(5000))).toBe(false);
    // RegExp takes 1.7 s for 26 characters of this and doubles with each further one.
    expect(performance.now() - from).toBeLessThan(2000);
  });
});
