import type { LabelPair } from '../model/labels.ts';
import { bodyText } from './body-text.ts';
import { type Decoded, RejectionList } from './decoded.ts';
import { type InfluxPrecision, influxTimeMs } from './influx-time.ts';
import { InfluxScanner } from './influx-scanner.ts';
import { LineError } from './line-error.ts';
import { parseDecimal } from './number-text.ts';
import { SeriesCollector } from './series-collector.ts';
import { identifyLabels, SERIES_TEXT_UNITS_MAX } from './series-identity.ts';

export { influxPrecision, type InfluxPrecision } from './influx-time.ts';

/**
 * Influx line protocol: `measurement,tag=v field=1.5,other=2i 1613707265000000000`. A field becomes the metric
 * `measurement_field`, and the measurement alone where the field is `value`; numbers and booleans (1 and 0) are stored,
 * strings passed over. Without a time, `nowMs`. A bad line is rejected with `line L:C` and the rest taken.
 * @throws MalformedBodyError when the body is not UTF-8.
 */
export const decodeInfluxLines = (body: Uint8Array, precision: InfluxPrecision, nowMs: number): Decoded => {
  const decoder = new InfluxDecoder(bodyText('influx lines', body), precision, nowMs);
  return decoder.decode();
};

/** A metric name of more than 1024 bytes is refused in the end; see also SERIES_TEXT_UNITS_MAX. */
const FIELD_NAME_UNITS_MAX = 1024;

/** Tables of the widest agents have some hundred fields; a line of millions would be objects of hundreds of MB at once. */
const FIELDS_MAX = 100_000;

/** The labels of a measurement with its tags, and the series of each of its fields. */
interface KnownKey {
  readonly labelsJson: string;
  readonly byField: Map<string, number>;
}

/** A stored field of the line that is being read. */
interface Field {
  readonly name: string;
  readonly value: number;
}

class InfluxDecoder {
  private readonly scanner: InfluxScanner;
  private readonly precision: InfluxPrecision;
  private readonly nowMs: number;
  private readonly collector = new SeriesCollector();
  private readonly rejected = new RejectionList();
  /** By the raw text of measurement and tags. */
  private readonly known = new Map<string, KnownKey>();

  constructor(text: string, precision: InfluxPrecision, nowMs: number) {
    this.scanner = new InfluxScanner(text);
    this.precision = precision;
    this.nowMs = nowMs;
  }

  decode(): Decoded {
    const { scanner } = this;
    while (scanner.nextLine()) {
      try {
        this.line();
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        this.rejected.add(error.reason, 1, () => `line ${scanner.line}:${error.column}`);
        scanner.skipLine();
      }
    }
    return { batch: this.collector.build(), rejected: this.rejected.take() };
  }

  private line(): void {
    const { scanner } = this;
    const start = scanner.at;
    const measurement = scanner.word(', ');
    if (measurement === '') throw scanner.error('a line without a measurement');
    const tags: LabelPair[] = [];
    while (scanner.takes(',')) tags.push(this.tag());
    const key = scanner.text.slice(start, scanner.at);
    if (!scanner.spaces() || scanner.atLineEnd) throw scanner.error('a line without fields');
    const fields = this.fields();
    const tMs = this.time();
    // Only now is the whole line known to be good.
    const known = this.knownKey(key, measurement, tags);
    for (const { name, value } of fields) this.collector.sample(this.series(known, measurement, name), tMs, value);
  }

  private tag(): LabelPair {
    const { scanner } = this;
    const name = scanner.word('=, ');
    if (name === '' || !scanner.takes('=')) throw scanner.error('a tag that is not key=value');
    const value = scanner.word(', ', ',= ');
    if (value === '') throw scanner.error('a tag without a value');
    return [name, value];
  }

  private fields(): Field[] {
    const { scanner } = this;
    const fields: Field[] = [];
    let count = 0;
    do {
      const name = scanner.word('=, ');
      if (name === '' || !scanner.takes('=')) throw scanner.error('a field that is not key=value');
      if (++count > FIELDS_MAX) throw scanner.error(`more than ${FIELDS_MAX} fields`);
      if (name.length > FIELD_NAME_UNITS_MAX) throw scanner.error(`a field name of more than ${FIELD_NAME_UNITS_MAX} characters`);
      if (scanner.takes('"')) scanner.quotedRest();
      else fields.push({ name, value: this.value() });
    } while (scanner.takes(','));
    return fields;
  }

  private value(): number {
    const { scanner } = this;
    const { column } = scanner;
    const value = fieldValue(scanner.bare());
    if (value === undefined) throw new LineError(column, 'a field value that is no number, boolean or quoted string');
    return value;
  }

  private time(): number {
    const { scanner } = this;
    if (scanner.atLineEnd) return this.nowMs;
    if (!scanner.spaces()) throw scanner.error('something behind a field value');
    if (scanner.atLineEnd) return this.nowMs;
    const { column } = scanner;
    const text = scanner.bare();
    const tMs = influxTimeMs(text, this.precision);
    if (tMs === undefined) throw new LineError(column, `a time that is no whole number of ${this.precision}`);
    scanner.spaces();
    if (!scanner.atLineEnd) throw scanner.error('something behind the time');
    return tMs;
  }

  private knownKey(key: string, measurement: string, tags: readonly LabelPair[]): KnownKey {
    const short = key.length <= SERIES_TEXT_UNITS_MAX;
    const known = short ? this.known.get(key) : undefined;
    if (known !== undefined) return known;
    const identity = identifyLabels(measurement, tags);
    if ('reason' in identity) throw new LineError(1, identity.reason);
    const added = { labelsJson: identity.labelsJson, byField: new Map<string, number>() };
    if (short) this.known.set(key, added);
    return added;
  }

  private series({ labelsJson, byField }: KnownKey, measurement: string, field: string): number {
    let series = byField.get(field);
    if (series === undefined) {
      series = this.collector.series(field === 'value' ? measurement : `${measurement}_${field}`, labelsJson);
      byField.set(field, series);
    }
    return series;
  }
}

const INTEGER = /^(?:-?\d+i|\d+u)$/;

const fieldValue = (text: string): number | undefined => {
  if (/^(?:t|T|true|True|TRUE)$/.test(text)) return 1;
  if (/^(?:f|F|false|False|FALSE)$/.test(text)) return 0;
  return INTEGER.test(text) ? Number(text.slice(0, -1)) : parseDecimal(text);
};
