import { MalformedBodyError } from './malformed-body-error.ts';

type Place = string | number;

/**
 * A value inside a parsed JSON body and the way to it. The readers follow the protobuf mapping to JSON: a key that is
 * missing or null has its default, numbers may be strings, unknown keys are never asked for.
 */
export class JsonCursor {
  private readonly protocol: string;
  readonly raw: unknown;
  private readonly path: readonly Place[];

  constructor(protocol: string, raw: unknown, path: readonly Place[] = []) {
    this.protocol = protocol;
    this.raw = raw;
    this.path = path;
  }

  /** Whether the key is there and not null. */
  has(key: string): boolean {
    const value = this.object()[key];
    return value !== undefined && value !== null;
  }

  get(key: string): JsonCursor {
    const object = this.object();
    return new JsonCursor(this.protocol, Object.hasOwn(object, key) ? object[key] : undefined, [...this.path, key]);
  }

  /** The elements of an array; none where it is missing. */
  list(key: string): JsonCursor[] {
    const array = this.get(key);
    if (array.raw === undefined || array.raw === null) return [];
    if (!Array.isArray(array.raw)) throw array.error('no array');
    return array.raw.map((raw: unknown, i) => new JsonCursor(this.protocol, raw, [...array.path, i]));
  }

  text(key: string): string {
    const found = this.get(key);
    if (found.raw === undefined || found.raw === null) return '';
    if (typeof found.raw !== 'string') throw found.error('no string');
    if (!found.raw.isWellFormed()) throw found.error('a string with a lone surrogate');
    return found.raw;
  }

  flag(key: string): boolean {
    return this.get(key).raw === true;
  }

  /** A double: a number, or text such as "1.5", "NaN", "Infinity" and "-Infinity". */
  number(key: string): number {
    const found = this.get(key);
    return found.asNumber();
  }

  asNumber(): number {
    const { raw } = this;
    if (raw === undefined || raw === null) return 0;
    const value = typeof raw === 'string' && NUMBER_TEXT.test(raw) ? Number(raw) : raw;
    if (typeof value !== 'number' || (Number.isNaN(value) && raw !== 'NaN')) throw this.error('no number');
    return value;
  }

  /** A 64-bit integer: a whole number, or its digits as text. */
  integer(key: string): bigint {
    const found = this.get(key);
    const { raw } = found;
    if (raw === undefined || raw === null) return 0n;
    if (typeof raw === 'number' && Number.isInteger(raw)) return BigInt(raw);
    if (typeof raw === 'string' && /^-?\d{1,20}$/.test(raw)) return BigInt(raw);
    throw found.error('no 64-bit integer');
  }

  error(reason: string): MalformedBodyError {
    const path = this.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
    return new MalformedBodyError(this.protocol, path.slice(1) || 'body', reason);
  }

  private object(): Readonly<Record<string, unknown>> {
    if (typeof this.raw !== 'object' || this.raw === null || Array.isArray(this.raw)) throw this.error('no object');
    return this.raw as Readonly<Record<string, unknown>>;
  }
}

const NUMBER_TEXT = /^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/;
