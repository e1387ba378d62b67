import { attributeText, type AttributeValue } from './attribute-text.ts';
import { BodyTooLargeError } from './body-too-large-error.ts';
import { ATTRIBUTE_DEPTH_MAX, type OtlpAttribute, type OtlpKind, type OtlpMetric, type OtlpPoint, type OtlpResource } from './otlp-shape.ts';
import { exponentialField, type ExponentialDraft, newExponential } from './otlp-exponential-protobuf.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { SERIES_TEXT_UNITS_MAX } from './series-identity.ts';

/** A tag of a field: number and wire type (0 varint, 1 eight bytes, 2 length-prefixed). */
const field = (number: number, wireType: 0 | 1 | 2): number => number * 8 + wireType;

/**
 * Resources, metrics, points and attributes of one body. An empty point takes two bytes and an object a hundred, so they
 * are counted; a real body of 32 MB holds about a million.
 */
const ITEMS_MAX = 1_000_000;

/** @throws MalformedBodyError */
export const parseOtlpProtobuf = (body: Uint8Array): OtlpResource[] => new OtlpProtobufParser(body).request();

interface KindField {
  readonly kind: OtlpKind;
  /** Field numbers of a point of this kind. */
  readonly attributes: number;
  readonly flags: number;
}

/** The `data` of a Metric by field number (metrics.proto). */
const KINDS: ReadonlyMap<number, KindField> = new Map([
  [field(5, 2), { kind: 'gauge', attributes: 7, flags: 8 }],
  [field(7, 2), { kind: 'sum', attributes: 7, flags: 8 }],
  [field(9, 2), { kind: 'histogram', attributes: 9, flags: 10 }],
  [field(10, 2), { kind: 'exponential histogram', attributes: 1, flags: 10 }],
  [field(11, 2), { kind: 'summary', attributes: 7, flags: 8 }],
]);

interface MetricDraft extends OtlpMetric {
  name: string;
  description: string;
  unit: string;
  kind: OtlpKind | undefined;
  monotonic: boolean;
  temporality: number;
  points: OtlpPoint[];
}
interface PointDraft extends OtlpPoint {
  attributes: OtlpAttribute[];
  tMs: number;
  flags: number;
  value?: number;
  count?: number;
  sum?: number;
  bounds?: number[];
  bucketCounts?: number[];
  exponential?: ExponentialDraft;
  quantiles?: (readonly [quantile: number, value: number])[];
}

/** Shared, and never added to. */
const NO_ATTRIBUTES: OtlpAttribute[] = [];

class OtlpProtobufParser {
  private readonly reader: ProtobufReader;
  private items = 0;
  private readonly runs = new Map<string, OtlpAttribute[]>();

  constructor(body: Uint8Array) {
    this.reader = new ProtobufReader('otlp', body);
  }

  request(): OtlpResource[] {
    const resources: OtlpResource[] = [];
    this.fields(this.reader.bytes.length, (tag) => {
      if (tag !== field(1, 2)) return false;
      resources.push(this.resourceMetrics());
      return true;
    });
    return resources;
  }

  /** Each field up to `end`: `take` reads it and says so, or it is passed over. */
  private fields(end: number, take: (tag: number) => boolean): void {
    const { reader } = this;
    while (reader.at < end) {
      const tag = reader.tag();
      if (!take(tag)) reader.skip(tag);
    }
    reader.leave(end);
  }

  private enterItem(): number {
    if (++this.items > ITEMS_MAX) throw new BodyTooLargeError('otlp', `byte ${this.reader.at}`, `more than ${ITEMS_MAX} resources, metrics, points and attributes`);
    return this.reader.enter();
  }

  private resourceMetrics(): OtlpResource {
    const attributes: OtlpAttribute[] = [];
    const metrics: OtlpMetric[] = [];
    this.fields(this.enterItem(), (tag) => {
      if (tag === field(1, 2)) this.fields(this.reader.enter(), (inner) => this.attribute(inner, field(1, 2), attributes));
      else if (tag === field(2, 2)) this.scopeMetrics(metrics);
      else return false;
      return true;
    });
    return { attributes, metrics };
  }

  private scopeMetrics(metrics: OtlpMetric[]): void {
    this.fields(this.enterItem(), (tag) => {
      if (tag !== field(2, 2)) return false;
      metrics.push(this.metric());
      return true;
    });
  }

  private metric(): OtlpMetric {
    const { reader } = this;
    const metric: MetricDraft = { name: '', description: '', unit: '', kind: undefined, monotonic: false, temporality: 0, points: [] };
    this.fields(this.enterItem(), (tag) => {
      const kind = KINDS.get(tag);
      if (kind !== undefined) this.points(kind, metric);
      else if (tag === field(1, 2)) metric.name = reader.string();
      else if (tag === field(2, 2)) metric.description = reader.string();
      else if (tag === field(3, 2)) metric.unit = reader.string();
      else return false;
      return true;
    });
    return metric;
  }

  private points(kind: KindField, metric: MetricDraft): void {
    const { reader } = this;
    metric.kind = kind.kind;
    this.fields(reader.enter(), (tag) => {
      if (tag === field(1, 2)) metric.points.push(this.point(kind));
      else if (tag === field(2, 0)) metric.temporality = reader.varint();
      else if (tag === field(3, 0)) metric.monotonic = reader.varint() !== 0;
      else return false;
      return true;
    });
  }

  private point({ kind, attributes, flags }: KindField): OtlpPoint {
    const { reader } = this;
    const point: PointDraft = { attributes: NO_ATTRIBUTES, tMs: 0, flags: 0 };
    const end = this.enterItem();
    const wanted = field(attributes, 2);
    let runs = 0;
    this.fields(end, (tag) => {
      if (tag === field(3, 1)) point.tMs = this.nanosAsMs();
      else if (tag === field(flags, 0)) point.flags = reader.varint();
      else if (tag === wanted) {
        const run = this.attributeRun(wanted, end);
        // Encoders write them in a row; protobuf allows any order. The first run may be other points' too.
        if (++runs === 2) point.attributes = [...point.attributes];
        if (runs === 1) point.attributes = run;
        else for (const each of run) point.attributes.push(each);
      }
      else if (kind === 'histogram') return this.histogramField(tag, point);
      else if (kind === 'summary') return this.summaryField(tag, point);
      else if (kind === 'exponential histogram') return exponentialField(reader, tag, (point.exponential ??= newExponential())) || this.countOrSum(tag, point);
      else return this.numberField(tag, point);
      return true;
    });
    return point;
  }

  private numberField(tag: number, point: PointDraft): boolean {
    const { reader } = this;
    if (tag === field(4, 1)) point.value = reader.double();
    else if (tag === field(6, 1)) {
      reader.fixed64();
      point.value = (reader.high | 0) * 2 ** 32 + reader.low;
    } else return false;
    return true;
  }

  private histogramField(tag: number, point: PointDraft): boolean {
    if (tag === field(6, 1) || tag === field(6, 2)) this.eachOf(tag, (point.bucketCounts ??= []), () => this.unsigned());
    else if (tag === field(7, 1) || tag === field(7, 2)) this.eachOf(tag, (point.bounds ??= []), () => this.reader.double());
    else return this.countOrSum(tag, point);
    return true;
  }

  private summaryField(tag: number, point: PointDraft): boolean {
    if (tag !== field(6, 2)) return this.countOrSum(tag, point);
    const { reader } = this;
    let quantile = 0;
    let value = 0;
    this.fields(this.enterItem(), (inner) => {
      if (inner === field(1, 1)) quantile = reader.double();
      else if (inner === field(2, 1)) value = reader.double();
      else return false;
      return true;
    });
    (point.quantiles ??= []).push([quantile, value]);
    return true;
  }

  private countOrSum(tag: number, point: PointDraft): boolean {
    if (tag === field(4, 1)) point.count = this.unsigned();
    else if (tag === field(5, 1)) point.sum = this.reader.double();
    else return false;
    return true;
  }

  /** A repeated number: packed, or one at a time. */
  private eachOf(tag: number, into: number[], read: () => number): void {
    const { reader } = this;
    if ((tag & 7) !== 2) {
      into.push(read());
      return;
    }
    const end = reader.enter();
    while (reader.at < end) into.push(read());
    reader.leave(end);
  }

  private unsigned(): number {
    this.reader.fixed64();
    return this.reader.high * 2 ** 32 + this.reader.low;
  }

  private nanosAsMs(): number {
    this.reader.fixed64();
    // 2^32 = 4294 * 10^6 + 967,296, so every part stays an exact integer.
    return this.reader.high * 4294 + Math.floor((this.reader.high * 967_296 + this.reader.low) / 1e6);
  }

  /** The attributes in a row of which the first's tag has been read. Equal bytes give the same array. */
  private attributeRun(wanted: number, pointEnd: number): OtlpAttribute[] {
    const { reader } = this;
    const start = reader.at;
    let end = start;
    for (let tag = wanted; tag === wanted; ) {
      reader.skip(tag);
      end = reader.at;
      if (end >= pointEnd) break;
      tag = reader.tag();
    }
    // Long keys would only slow the map.
    const key = end - start > SERIES_TEXT_UNITS_MAX ? undefined : reader.key(start, end);
    const known = key === undefined ? undefined : this.runs.get(key);
    if (known !== undefined) {
      reader.at = end;
      return known;
    }
    const run: OtlpAttribute[] = [];
    reader.at = start;
    for (let tag = wanted; ; tag = reader.tag()) {
      this.attribute(tag, wanted, run);
      if (reader.at >= end) break;
    }
    if (key !== undefined) this.runs.set(key, run);
    return run;
  }

  /** Reads the field if it is a KeyValue under `wanted`. */
  private attribute(tag: number, wanted: number, into: OtlpAttribute[]): boolean {
    if (tag !== wanted) return false;
    const [key, value] = this.keyValue(0);
    into.push([key, attributeText(value)]);
    return true;
  }

  private keyValue(depth: number): [key: string, value: AttributeValue] {
    let key = '';
    let value: AttributeValue = '';
    this.fields(this.enterItem(), (tag) => {
      if (tag === field(1, 2)) key = this.reader.string();
      else if (tag === field(2, 2)) value = this.anyValue(depth);
      else return false;
      return true;
    });
    return [key, value];
  }

  private anyValue(depth: number): AttributeValue {
    const { reader } = this;
    if (depth > ATTRIBUTE_DEPTH_MAX) throw reader.error(`an attribute nested deeper than ${ATTRIBUTE_DEPTH_MAX}`);
    let value: AttributeValue = '';
    this.fields(this.enterItem(), (tag) => {
      if (tag === field(1, 2)) value = reader.string();
      else if (tag === field(2, 0)) value = reader.varint() !== 0;
      else if (tag === field(3, 0)) value = this.integer();
      else if (tag === field(4, 1)) value = reader.double();
      else if (tag === field(5, 2)) value = this.array(depth + 1);
      else if (tag === field(6, 2)) value = this.keyValues(depth + 1);
      else if (tag === field(7, 2)) value = this.base64();
      else return false;
      return true;
    });
    return value;
  }

  private integer(): bigint {
    const value = this.reader.int64();
    if (Number.isSafeInteger(value)) return BigInt(value);
    return BigInt.asIntN(64, (BigInt(this.reader.high) << 32n) | BigInt(this.reader.low));
  }

  private array(depth: number): AttributeValue {
    const values: AttributeValue[] = [];
    this.fields(this.reader.enter(), (tag) => {
      if (tag !== field(1, 2)) return false;
      values.push(this.anyValue(depth));
      return true;
    });
    return values;
  }

  private keyValues(depth: number): AttributeValue {
    const pairs = new Map<string, AttributeValue>();
    this.fields(this.reader.enter(), (tag) => {
      if (tag !== field(1, 2)) return false;
      const [key, value] = this.keyValue(depth);
      pairs.set(key, value);
      return true;
    });
    return pairs;
  }

  private base64(): string {
    const { reader } = this;
    const end = reader.enter();
    const text = Buffer.from(reader.bytes.subarray(reader.at, end)).toString('base64');
    reader.at = end;
    return text;
  }
}
