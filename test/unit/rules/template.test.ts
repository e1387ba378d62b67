import { describe, expect, it } from 'vitest';
import { makeLabels } from '../../../shared/model/labels.ts';
import { parseTemplate } from '../../../shared/rules/template.ts';
import type { TemplateSetting } from '../../../shared/rules/template.ts';

const SERIES = [
  { labels: makeLabels([['__name__', 'up'], ['host', 'b']]), value: 11 },
  { labels: makeLabels([['__name__', 'up'], ['host', 'a']]), value: 21 },
];

const SETTING: TemplateSetting = {
  tMs: 1_700_000_000_000,
  externalLabels: makeLabels([['cluster', 'eu']]),
  externalUrl: 'http://tidemark.example/metrics',
  query: async (query) => {
    if (query === 'bad') throw new Error('the store does not answer');
    return query === 'none' ? [] : SERIES;
  },
};

const expand = (source: string, value = 0.5): string | Promise<string> =>
  parseTemplate(source, 'A').expand({ labels: makeLabels([['host', 'i631'], ['a.b', 'dotted']]), value }, SETTING);

describe('parseTemplate', () => {
  it.each([
    ['plain text', 'plain text'],
    ['{{ $labels.host }} at {{$value}}', 'i631 at 0.5'],
    ['{{ .Labels.host }} {{ .Value }} {{ $externalLabels.cluster }} {{ $externalURL }}', 'i631 0.5 eu http://tidemark.example/metrics'],
    ['[{{ $labels.nothing }}]', '[]'],
    ['{{ index $labels "a.b" }} {{ "a.b" | index $labels }}', 'dotted dotted'],
    ['a {{- $labels.host -}} b', 'ai631b'],
    ['a{{/* }} hidden */}}b', 'ab'],
    ['{{ $labels }}', 'map[a.b:dotted host:i631]'],
    ['{{ "}}" }}{{ `raw "text"` }}', '}}raw "text"'],
    ['{{ if gt $value 0.4 }}high{{ else }}low{{ end }}', 'high'],
    ['{{ if eq $labels.host "x" }}x{{ else if eq $labels.host "i631" "y" }}second{{ else }}none{{ end }}', 'second'],
    ['{{ with $labels.host }}<{{ . }}>{{ end }}{{ with $labels.none }}x{{ else }}empty{{ end }}', '<i631>empty'],
    ['{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}', 'a.b=dotted;host=i631;'],
    ['{{ range $i, $s := query "up" }}{{ if $i }}, {{ end }}{{ $s.Labels.host }}={{ .Value }}{{ end }}', 'b=11, a=21'],
    ['{{ range query "none" }}x{{ else }}nothing{{ end }}', 'nothing'],
    ['{{ range query "up" | sortByLabel "host" }}{{ . | label "host" }}{{ . | value }} {{ end }}', 'a21 b11 '],
    ['{{ query "up" | first | value | humanize }}', '11'],
    ['{{ with query "up" }}{{ . | first | label "__name__" }} {{ len . }}{{ end }}', 'up 2'],
    ['{{ range query "up" }}{{ if eq .Value 11.0 }}{{ continue }}{{ end }}{{ .Value }}{{ break }}{{ end }}', '21'],
    ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
    ['{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}', '21'],
    ['{{ define "row" }}<{{ .arg0 }}:{{ .arg1 }}>{{ end }}{{ template "row" (args "a" 2) }}{{ tmpl "row" (args 1 "b") }}', '<a:2><1:b>'],
    ['{{ block "b" $value }}[{{ . }}]{{ end }}', '[0.5]'],
    ['{{ and 1 0 }} {{ or 0 "x" }} {{ not true }} {{ and (gt $value 0.1) (lt $value 1.0) }}', '0 x false true'],
    ['{{ eq 1 1 }} {{ ne "a" "b" }} {{ le 2 2 }} {{ ge 1.5 2.0 }} {{ lt "a" "b" }}', 'true true true false true'],
    ['{{ slice "abcdef" 1 3 }} {{ len "héé" }} {{ index "abc" 0 }}', 'bc 5 97'],
    ['{{ print 1 2 "x" 3 }} {{ println "a" 1 }}', '1 2x3 a 1\n'],
    ['{{ html "<a & b>" }} {{ urlquery "a b/c" }} {{ js "it\'s" }}', "&lt;a &amp; b&gt; a+b%2Fc it\\'s"],
    ['{{ range 3 }}{{ . }}{{ end }}', '012'],
    ["{{ 'a' }} {{ 0x1F }} {{ 1_000 }} {{ 010 }} {{ 1e3 }} {{ -5 }}", '97 31 1000 8 1000 -5'],
  ])('expands %s', async (source, text) => {
    expect(await expand(source)).toBe(text);
  });

  it.each([
    ['{{ $value | humanizePercentage }}', '50%'],
    ['{{ humanize 1234567.0 }} {{ 0.00012 | humanize }} {{ humanize "2000" }}', '1.235M 120u 2k'],
    ['{{ humanize1024 1048576 }}', '1Mi'],
    ['{{ humanizeDuration 98765 }} {{ humanizeDuration 61 }} {{ humanizeDuration 0.0005 }}', '1d 3h 26m 5s 1m 1s 500us'],
    ['{{ humanizeTimestamp 1435065584.128 }}', '2015-06-23 13:19:44.128 +0000 UTC'],
    ['{{ (toTime 1435065584.0).Format "2006-01-02T15:04:05Z07:00" }} {{ (1435065584.0 | toTime).Year }}', '2015-06-23T13:19:44Z 2015'],
    ['{{ toDuration 3723.5 }} {{ (toDuration 90).Minutes }} {{ humanizeDuration (toDuration 90) }}', '1h2m3.5s 1.5 1m 30s'],
    ['{{ parseDuration "1h30m" }} {{ now }}', '5400 1.7e+09'],
    ['{{ match "^i[0-9]+$" $labels.host }} {{ match "z" $labels.host }}', 'true false'],
    ['{{ reReplaceAll "i(\\\\d)(?P<rest>.*)" "$2-${1}-$$-$rest" $labels.host }}', '31-6-$-31'],
    ['{{ stripPort "a:9090" }} {{ stripPort "[::1]:80" }} {{ stripPort "plain" }}', 'a ::1 plain'],
    ['{{ stripDomain "a.b.c:80" }} {{ stripDomain "a.b" }} {{ stripDomain "10.0.0.1:80" }}', 'a:80 a 10.0.0.1:80'],
    ['{{ graphLink "up == 0" }} {{ tableLink "a+b" }}', '/graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=a%2Bb&g0.tab=1'],
    ['{{ externalURL }} {{ pathPrefix }} {{ safeHtml "<b>" }} {{ urlQueryEscape "a b" }}', 'http://tidemark.example/metrics /metrics <b> a+b'],
    ['{{ $labels.host | toUpper }} {{ "hello world" | title }} {{ toLower "ABC" }}', 'I631 Hello World abc'],
  ])('has the functions of Prometheus: %s', async (source, text) => {
    expect(await expand(source)).toBe(text);
  });

  it.each([
    ['{{ printf "%.2f of %s (%v%%)" $value "x" 3 }}', '0.50 of x (3%)'],
    ['{{ $value | printf "%.1f" }} {{ printf "%s" $value }}', '0.5 %!s(float64=0.5)'],
    ['{{ printf "%5d|%-5d|%05d|%+d|%x|%X|%o|%b|%c" 42 42 42 42 255 255 8 5 65 }}', '   42|42   |00042|+42|ff|FF|10|101|A'],
    ['{{ printf "%q %t %T %T %v" "a\\"b" true 1 1.0 nil }}', '"a\\"b" true int float64 <nil>'],
    ['{{ printf "%8.3f|%-8.1f|%08.2f|%+.1e|%g|%E" 3.14159 2.5 -1.5 12345.678 0.0001 1.5 }}', '   3.142|2.5     |-0001.50|+1.2e+04|0.0001|1.500000E+00'],
    ['{{ printf "%d %s" 1 }} {{ printf "%d" 1 2 }} {{ printf "5%" }} {{ printf "%d" "x" }}', '1 %!s(MISSING) 1%!(EXTRA int=2) 5%!(NOVERB) %!d(string=x)'],
    ['{{ printf "%[2]s %[1]s" "a" "b" }} {{ printf "%*d" 4 7 }} {{ printf "%.3s" "abcdef" }}', 'b a    7 abc'],
    ['{{ printf "%v %v" $labels (slice "ab" 0 1) }}', 'map[a.b:dotted host:i631] a'],
  ])('prints as fmt does: %s', async (source, text) => {
    expect(await expand(source)).toBe(text);
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

  it.each([
    ['{{', 'unclosed action'],
    ['{{ }}', 'missing value for command'],
    ['{{ $value | }}', 'missing value for command'],
    ['{{/* x', 'unclosed comment'],
    ['{{ nothing }}', 'function "nothing" not defined'],
    ['{{ $x }}', 'undefined variable "$x"'],
    ['{{ if true }}', 'unexpected EOF'],
    ['{{ end }}', 'unexpected {{end}}'],
    ['{{ if true }}{{ else }}{{ else }}{{ end }}', 'expected end; found {{else}}'],
    ['{{ break }}', '{{break}} outside {{range}}'],
    ['{{ "a" | 3 }}', 'non executable command in pipeline stage 2'],
    ['{{ (1 }}', 'unclosed left paren'],
    ['{{ 99999999999999999999 }}', 'integer overflow'],
    ['{{ "\\z" }}', 'invalid syntax'],
    [`${'{{ if true }}'.repeat(101)}`, 'more than 100 levels of nesting'],
    [`{{ ${'('.repeat(5000)} }}`, 'template: '],
  ])('refuses %s', (source, message) => {
    expect(() => parseTemplate(source, 'A')).toThrow(message);
  });

  it('names the line of an error', () => {
    expect(() => parseTemplate('a\nb {{ nothing }}', 'A')).toThrow('template: __alert_A:2: function "nothing" not defined');
  });

  it.each([
    ['{{ gt $value 8 }}', 'error executing template __alert_A: template: __alert_A:1:115: executing "__alert_A" at <gt $value 8>: error calling gt: incompatible types for comparison'],
    ['{{ humanize $labels.host }}', 'error calling humanize: strconv.ParseFloat: parsing "i631": invalid syntax'],
    ['{{ query "none" | first }}', 'error calling first: first() called on vector with no elements'],
    ['{{ query "bad" }}', 'error calling query: the store does not answer'],
    ['{{ $value.Foo }}', "can't evaluate field Foo in type float64"],
    ['{{ .Foo }}', "can't evaluate field Foo in type struct { Labels map[string]string;"],
    ['{{ toUpper 1 }}', 'expected string; found 1'],
    ['{{ humanize 1 2 }}', 'wrong number of args for humanize: want 1 got 2'],
    ['{{ template "none" }}', 'template "none" not defined'],
    ['{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}', 'exceeded maximum template depth (100)'],
    ['{{ range 1000000000 }}{{ end }}', 'more than 100000 steps'],
    ['{{ $a := printf "%60000s" "x" }}{{ range 5000 }}{{ $b := title $a }}{{ end }}', 'more than 100000 steps'],
    ['{{ $x := "aaaaaaaa" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}', 'at most 65536 are allowed'],
    ['{{ $x := args }}{{ range 20000 }}{{ $x = args $x }}{{ end }}{{ $x }}', '<error expanding template: '],
    ['{{ range 30 }}{{ . | printf "%d" | query }}{{ end }}', 'more than 20 queries'],
    ['{{ printf "%999999999d" 1 }}', 'found a width of 999999999'],
    ['{{ reReplaceAll "(" "" "x" }}', 'missing closing )'],
    ['{{ index $labels 1 }}', 'value has type int; should be string'],
  ])('puts the failure of %s into the text', async (source, message) => {
    const text = await expand(source);
    expect(text).toMatch(/^<error expanding template: error executing template __alert_A: /);
    expect(text).toContain(message);
  });

  it('cuts what grows too long', async () => {
    expect(await expand('{{ $labels.host }}'.repeat(900))).toHaveLength(3600);
    expect(await expand(`{{ "${'x'.repeat(6000)}" }}{{ "${'x'.repeat(6000)}" }}`)).toHaveLength(8192);
  });
});
