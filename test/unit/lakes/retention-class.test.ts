import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../../shared/errors.ts';
import { parseRetentionClasses, shortestRetention } from '../../../shared/lakes/retention-class.ts';
import { DEFAULT_RETENTION, parseRetention } from '../../../shared/tiers/retention.ts';

const BRIEF = { name: 'brief', match: 'debug_events{env!="prod"}', retention: 'raw=3d,1m=3d,1h=3d' };

describe('retention classes', () => {
  it('are read with one selector or several, or none', () => {
    const [brief, long, old] = parseRetentionClasses([BRIEF, { name: 'long_2', match: ['slo', '{team="billing"}'], retention: 'raw=30d' }, { name: 'old', match: [], retention: '' }]);
    expect(brief).toMatchObject({ name: 'brief', retention: parseRetention('raw=3d,1m=3d,1h=3d'), });
    expect(brief?.selectors.flat().map(({ name, op, value }) => name + op + value).sort()).toEqual(['__name__=debug_events', 'env!=prod']);
    expect(long?.selectors).toHaveLength(2);
    expect(old?.selectors).toEqual([]);
  });

  it.each([
    [{}, /a list of \{"name", "match", "retention"\} is allowed/],
    [[{ name: 'a', match: 'up' }], /retention/],
    [[{ ...BRIEF, keep: 1 }], /keep/],
    [[{ ...BRIEF, name: 'Über' }], /class "Über": found a name that is none/],
    [[{ ...BRIEF, name: '../raw' }], /a name that is none/],
    [[{ ...BRIEF, name: 'default' }], /a name that is none/],
    [[BRIEF, BRIEF], /found a name twice/],
    [[{ ...BRIEF, match: 'up[5m]' }], /class "brief": found "up\[5m\]", a selector such as/],
    [[{ ...BRIEF, match: 'rate(' }], /class "brief": /],
    [[{ ...BRIEF, match: '{}' }], /at least one non-empty matcher|a selector such as/],
    [[{ ...BRIEF, match: 'up offset 5m' }], /a selector such as/],
    [[{ ...BRIEF, match: '{host=~"("}' }], /class "brief": /],
    [[{ ...BRIEF, retention: 'raw=1d' }, { ...BRIEF, name: 'b', match: '1' }], /class "brief": read retention: found raw of 1d.*class "b": found "1"/],
    [Array.from({ length: 21 }, (_, i) => ({ ...BRIEF, name: `c${i}` })), /found 21 classes, 20 are allowed/],
  ])('refuse %j', (settings, message) => {
    expect(() => parseRetentionClasses(settings)).toThrow(PermanentError);
    expect(() => parseRetentionClasses(settings)).toThrow(message);
  });

  it('take samples as late as the one that lets go first', () => {
    expect(shortestRetention(DEFAULT_RETENTION, [])).toEqual(DEFAULT_RETENTION);
    expect(shortestRetention(DEFAULT_RETENTION, parseRetentionClasses([BRIEF, { ...BRIEF, name: 'b', retention: 'raw=30d' }]))).toEqual(parseRetention('raw=3d'));
  });
});
