import { describe, expect, it } from 'vitest';
import { compileMatchers, formatMatchers, parseMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import { makeLabels } from '../../../shared/model/labels.ts';

describe("matchers in Alertmanager's notation", () => {
  it.each([
    ['foo=bar', [['foo', '=', 'bar']]],
    [' foo != "b a" ', [['foo', '!=', 'b a']]],
    ['{a="1", b=~"x|y",c!~z}', [['a', '=', '1'], ['b', '=~', 'x|y'], ['c', '!~', 'z']]],
    ['a="x,y"', [['a', '=', 'x,y']]],
    ['a="\\"q\\" \\\\ \\n \\d"', [['a', '=', '"q" \\ \n \\d']]],
    ['a=', [['a', '=', '']]],
    ['a=""', [['a', '=', '']]],
    ['a=b\\', [['a', '=', 'b\\']]],
    ['"service.name"="x"', [['service.name', '=', 'x']]],
    ['{}', []],
    ['', []],
    ['a=b,', [['a', '=', 'b']]],
  ])('%s', (text, expected) => {
    expect(parseMatchers(text).map(({ name, op, value }) => [name, op, value])).toEqual(expected);
  });

  it.each(['foo', '=bar', '1a=b', 'a="b', 'a=b"c', 'a="b"c', 'a=~"("', ',a=b', 'a=b,,c=d', `a=${'x'.repeat(9000)}`])('refuses %s', (text) => {
    expect(() => parseMatchers(text)).toThrow(/^matcher/);
  });

  it('takes time linear in a hostile text', () => {
    expect(() => parseMatchers(`a="${'\\"'.repeat(4000)}`)).toThrow(/quotation mark/);
  });

  it('prints them sorted, as group keys have them', () => {
    expect(formatMatchers(compileMatchers(parseMatchers('b=~"x|y",a!="q\\"\\n"')).matchers)).toBe('{a!="q\\"\\n",b=~"x|y"}');
  });

  it('an absent label is an empty value', () => {
    const none = makeLabels([['x', 'y']]);
    expect(compileMatchers(parseMatchers('a=""')).matches(none)).toBe(true);
    expect(compileMatchers(parseMatchers('a!~".+",x=~"."')).matches(none)).toBe(true);
    expect(compileMatchers(parseMatchers('a=~".+"')).matches(none)).toBe(false);
  });
});
