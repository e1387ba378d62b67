import { beforeAll, describe, expect, it } from 'vitest';
import { parseSettings } from '../../infra/settings.ts';
import { functionOf, ofType, type Resource, statementsOf, synthesise, type Synthesised } from './synthesised.ts';

const CLASSES = [
  { name: 'brief', match: 'debug_events', retention: 'raw=3d,1m=3d,1h=5d' },
  { name: 'long', match: ['slo', '{team="billing"}'], retention: 'raw=14d,1m=400d,1h=800d' },
];

let stack: Synthesised;
beforeAll(() => {
  stack = synthesise({ retentionClasses: CLASSES });
});

const inputs = (): readonly Record<string, unknown>[] => ofType(stack, 'AWS::Glue::Table').map(([, { Properties }]) => Properties['TableInput'] as Record<string, unknown>);
const viewText = (name: string): string => {
  const text = String(inputs().find((input) => input['Name'] === name)?.['ViewOriginalText']);
  return (JSON.parse(Buffer.from(/Presto View: (\S+)/.exec(text)?.[1] ?? '', 'base64').toString()) as { originalSql: string }).originalSql;
};

describe('retention classes', () => {
  it('expire in the bucket two days after each of their tiers, below prefixes of their own', () => {
    const [[, bucket]] = ofType(stack, 'AWS::S3::Bucket') as [[string, Resource]];
    const { Rules } = bucket.Properties['LifecycleConfiguration'] as { Rules: { Id: string; Prefix?: string; ExpirationInDays: number; Transitions?: unknown }[] };
    const days = Object.fromEntries(Rules.map(({ Prefix, ExpirationInDays }) => [Prefix, ExpirationInDays]));
    expect(days).toMatchObject({ 'raw/': 9, 'classes/brief/hot/': 5, 'classes/brief/raw/': 5, 'classes/brief/sql/1h/': 7, 'classes/long/raw/': 16, 'classes/long/1m/': 402, 'classes/long/1h/': 802 });
    expect(Rules.filter(({ Transitions }) => Transitions !== undefined).map(({ Prefix }) => Prefix)).toEqual(['1h/', 'classes/long/1h/']);
    expect(new Set(Rules.map(({ Id }) => Id)).size).toBe(Rules.length);
  });

  it('are told to those who store and compact, and decide how late samples may be', () => {
    const variables = (step: string) => (functionOf(stack, step).Properties['Environment'] as { Variables: Record<string, string> }).Variables;
    for (const step of ['Store', 'Compact']) expect(JSON.parse(variables(step)['RETENTION_CLASSES'] as string)).toEqual(CLASSES);
    expect(variables('Compact')['RETENTION']).toBe('raw=7d,1m=30d,1h=365d');
    for (const step of ['Ingest', 'Store']) expect(variables(step)['RETENTION']).toBe('raw=3d,1m=30d,1h=365d');
  });

  it("are told to the keeper's tools", () => {
    const outputs = stack.template.toJSON() as { Outputs: Record<string, { Value: unknown }> };
    expect(JSON.parse(String(outputs.Outputs['RetentionClasses']?.Value))).toEqual(CLASSES);
  });

  it('have tables of their own, which the views of people unite', () => {
    expect(inputs().map((input) => input['Name']).sort()).toEqual([
      'alert_events', 'alert_events_files', 'notifications', 'notifications_files', 'raw', 'raw_brief', 'raw_long', 'samples', 'samples_1h', 'samples_1m', 'samples_brief', 'samples_long', 'series', 'tier_1h', 'tier_1h_brief', 'tier_1h_long', 'tier_1m', 'tier_1m_brief', 'tier_1m_long',
    ]);
    expect(JSON.stringify(inputs().find((input) => input['Name'] === 'tier_1m_long'))).toMatch(/\/classes\/long\/sql\/1m\/.*NOW-402DAYS,NOW\+1DAYS|NOW-402DAYS,NOW\+1DAYS.*\/classes\/long\/sql\/1m\//);
    expect(viewText('samples_brief')).toContain('FROM "tidemark"."raw_brief"');
    expect(viewText('samples')).toMatch(/FROM "tidemark"."raw"[^]*UNION ALL\nSELECT "metric", [^]* FROM "tidemark"."samples_brief"\nUNION ALL\n[^]* FROM "tidemark"."samples_long"$/);
    expect(viewText('samples_1h')).toContain('(SELECT * FROM "tidemark"."tier_1h" UNION ALL SELECT * FROM "tidemark"."tier_1h_brief" UNION ALL SELECT * FROM "tidemark"."tier_1h_long")');
    expect(viewText('series')).toContain('SELECT * FROM "tidemark"."raw_brief"');
  });

  it('let compact move the boundary of each view', () => {
    const update = statementsOf(stack, 'Compact').filter((statement) => [statement.Action].flat().includes('glue:UpdateTable'));
    const found = [...JSON.stringify(update).matchAll(/:(table\/[^"]+)"/g)].map((match) => match[1]);
    expect(found).toEqual(['table/tidemark/samples', 'table/tidemark/samples_brief', 'table/tidemark/samples_long']);
  });

  it('are refused with all that is wrong, and where they are too long for an environment', () => {
    expect(() => parseSettings({ retentionClasses: [{ name: 'a b', match: 'up[1m]', retention: 'raw=1d' }] })).toThrow(/retentionClasses: read retention classes: .*a name that is none.*found raw of 1d.*up\[1m\]/);
    expect(() => parseSettings({ retentionClasses: [{ name: 'a', match: `{a="${'x'.repeat(2500)}"}`, retention: '' }] })).toThrow(/characters as JSON, 2500 are allowed/);
  });
});
