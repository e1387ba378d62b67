import { describe, expect, it } from 'vitest';
import { makeLabels } from '../../../shared/model/labels.ts';
import { parseTemplate } from '../../../shared/rules/template.ts';

const expand = (source: string, value = 0.5): string => parseTemplate(source).expand({ labels: makeLabels([['host', 'i631'], ['a.b', 'dotted']]), value });

describe('parseTemplate', () => {
  it.each([
    ['plain text', 'plain text'],
    ['{{ $labels.host }} at {{$value}}', 'i631 at 0.5'],
    ['{{ .Labels.host }} {{ .Value }}', 'i631 0.5'],
    ['[{{ $labels.nothing }}]', '[]'],
    ['{{ index $labels "a.b" }}', 'dotted'],
    ['{{ "a.b" | index $labels }}', 'dotted'],
    ['a {{- $labels.host -}} b', 'ai631b'],
    ['a{{/* }} hidden */}}b', 'ab'],
    ['{{ $value | humanizePercentage }}', '50%'],
    ['{{ humanize 1234567.0 }} {{ 0.00012 | humanize }}', '1.235M 120u'],
    ['{{ humanize1024 1048576 }}', '1Mi'],
    ['{{ humanizeDuration 98765 }} {{ humanizeDuration 61 }} {{ humanizeDuration 0.0005 }}', '1d 3h 26m 5s 1m 1s 500us'],
    ['{{ printf "%.2f of %s (%v%%)" $value "x" 3 }}', '0.50 of x (3%)'],
    ['{{ $value | printf "%.1f" }}', '0.5'],
    ['{{ printf "%s" $value }}', '%!s(float64=0.5)'],
    ['{{ $labels.host | toUpper }} {{ "hello world" | title }}', 'I631 Hello World'],
    ['{{ "}}" }}', '}}'],
    ['{{ `raw "text"` }}', 'raw "text"'],
  ])('expands %s', (source, text) => {
    expect(expand(source)).toBe(text);
  });

  it.each([
    [1e6, '1e+06'],
    [123456, '123456'],
    [1234567, '1.234567e+06'],
    [1e-5, '1e-05'],
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-0, '-0'],
  ])('prints %d as Go does', (value, text) => {
    expect(expand('{{ $value }}', value)).toBe(text);
  });

  it.each(['{{ if true }}x{{ end }}', '{{ $labels }}', '{{ query "up" }}', '{{ $x := 1 }}', '{{ $externalLabels.a }}', '{{', '{{ }}', '{{ $value | }}', '{{ humanize }}', '{{ (1) }}', '{{/* x'])(
    'refuses %s by name',
    (source) => {
      expect(() => parseTemplate(source)).toThrow(/^template/);
    },
  );

  it('puts a failure into the text', () => {
    expect(expand('{{ humanize $labels.host }}')).toMatch(/^<error expanding template: template: found "i631"/);
  });

  it('cuts what grows too long', () => {
    expect(expand('{{ $labels.host }}'.repeat(900)).length).toBeLessThanOrEqual(8192);
    expect(expand(`{{ "${'x'.repeat(6000)}" }}{{ "${'x'.repeat(6000)}" }}`)).toHaveLength(8192);
  });
});
