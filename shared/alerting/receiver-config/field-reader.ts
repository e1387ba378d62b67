import { isScalar } from 'yaml';
import { parseDurationMs } from '../../model/duration.ts';
import type { YamlField, YamlFile, YamlNode } from '../../rules/yaml-file.ts';
import { templateProblem } from '../message-template.ts';
import type { Secret } from '../receivers.ts';

const ALLOWED = "Go's text/template with Alertmanager's functions is needed";

/** An entry of a mapping, to be read as what it should be. */
export interface NamedEntry {
  readonly name: string;
  text(): string;
  list(): readonly { readonly text: string; readonly node: YamlNode }[];
  under(known: readonly string[]): FieldReader;
}

/** The fields of one mapping of the alertmanager file. Its errors name fields, never their values. */
export class FieldReader {
  readonly yaml: YamlFile;
  /** What messages call this mapping. */
  readonly what: string;
  readonly place: YamlNode;
  private readonly fields: ReadonlyMap<string, YamlField>;

  /** Fields that are not `known` become errors at once. `place` stands for fields that are missing. */
  constructor(yaml: YamlFile, node: YamlNode, what: string, known: readonly string[], place: YamlNode = node) {
    const fields = yaml.fields(node, what);
    this.yaml = yaml;
    this.what = what;
    this.place = place;
    this.fields = new Map(fields.map((field) => [field.key, field]));
    for (const { key, keyNode } of fields) {
      if (!known.includes(key)) yaml.fail(keyNode, `${what}: the field ${yaml.quoteKey(key)} is unknown or not supported yet, allowed are ${known.join(', ')}`);
    }
  }

  has(key: string): boolean {
    return this.fields.has(key);
  }

  /** Whether the field is there and says nothing: `null`, or nothing at all. */
  isNull(key: string): boolean {
    const node = this.fields.get(key)?.value;
    return node === null || (isScalar(node) && node.type === 'PLAIN' && ['', '~', 'null'].includes(String(node.value)));
  }

  node(key: string): YamlNode {
    return this.fields.get(key)?.value ?? null;
  }

  fail(key: string, message: string): void {
    this.yaml.fail(this.fields.get(key)?.value ?? this.place, `${this.what}: ${message}`);
  }

  /** For a field that is taken without being what it is to Alertmanager. */
  warn(key: string, message: string): void {
    if (this.has(key)) this.yaml.warn(this.node(key), `${this.what}: ${message}`);
  }

  /** A mapping under this one. */
  under(key: string, known: readonly string[]): FieldReader {
    return new FieldReader(this.yaml, this.node(key), `${this.what}: ${key}`, known, this.place);
  }

  /** The mappings of a list under this one. */
  each(key: string, known: readonly string[]): readonly FieldReader[] {
    const what = `${this.what}: ${key}`;
    return this.yaml.elements(this.node(key), what).map((node, i) => new FieldReader(this.yaml, node, `${what} ${i + 1}`, known));
  }

  /** A text; '' where it is missing. */
  text(key: string): string {
    return this.has(key) ? this.yaml.text(this.node(key), `${this.what}: ${key}`) : '';
  }

  /** A text that may be a template; the error of one that is wrong does not quote it. */
  plain(key: string): string {
    const text = this.text(key);
    if (templateProblem(text) !== undefined) this.fail(key, `${key}: found a template that does not read, ${ALLOWED}`);
    return text;
  }

  /** Undefined where the field is missing. */
  optional(key: string): string | undefined {
    return this.has(key) ? this.plain(key) : undefined;
  }

  flag(key: string, otherwise: boolean): boolean {
    if (!this.has(key)) return otherwise;
    const text = this.text(key);
    if (text === 'true' || text === 'false') return text === 'true';
    this.fail(key, `${key}: found neither true nor false`);
    return otherwise;
  }

  /** A whole number from 0 on. */
  count(key: string, otherwise: number): number {
    if (!this.has(key)) return otherwise;
    const text = this.text(key);
    if (/^\d{1,9}$/.test(text)) return Number(text);
    this.fail(key, `${key}: found no whole number, one from 0 on is needed`);
    return otherwise;
  }

  durationMs(key: string, otherwise: number): number {
    if (!this.has(key)) return otherwise;
    const durationMs = parseDurationMs(this.text(key));
    if (durationMs !== undefined && durationMs <= Number.MAX_SAFE_INTEGER) return durationMs;
    this.fail(key, `${key}: found no duration, one such as 5m is needed`);
    return otherwise;
  }

  /** The elements of a list of texts, each with its node for errors. */
  texts(key: string): readonly { readonly text: string; readonly node: YamlNode }[] {
    const what = `${this.what}: ${key}`;
    return this.yaml.elements(this.node(key), what).map((node, i) => ({ text: this.yaml.text(node, `${what} ${i + 1}`), node }));
  }

  /** `key`, or `key_file` with the path of a file; undefined when neither is there. */
  secret(key: string): Secret | undefined {
    const file = this.text(`${key}_file`);
    const text = this.text(key);
    if (file !== '' && text !== '') this.fail(`${key}_file`, `found both ${key} and ${key}_file, one of them is allowed`);
    if (file !== '') return { file };
    return text === '' ? undefined : { text };
  }

  /** The entries of a mapping whose keys are names that people choose. */
  mappingOf(key: string): readonly NamedEntry[] {
    if (!this.has(key)) return [];
    return this.yaml.fields(this.node(key), `${this.what}: ${key}`).map(({ key: name, value }) => {
      const what = `${this.what}: ${key} ${this.yaml.quoteKey(name)}`;
      return {
        name,
        text: () => this.yaml.text(value, what),
        list: () => this.yaml.elements(value, what).map((node, i) => ({ text: this.yaml.text(node, `${what} ${i + 1}`), node })),
        under: (known) => new FieldReader(this.yaml, value, what, known),
      };
    });
  }

  /** The pairs of a mapping of texts that may be templates. */
  pairs(key: string): readonly (readonly [name: string, value: string])[] {
    if (!this.has(key)) return [];
    const what = `${this.what}: ${key}`;
    return this.yaml.fields(this.node(key), what).map((field) => {
      const value = this.yaml.text(field.value, `${what} ${this.yaml.quoteKey(field.key)}`);
      if (templateProblem(value) !== undefined) this.yaml.fail(field.value, `${what} ${this.yaml.quoteKey(field.key)}: found a template that does not read, ${ALLOWED}`);
      return [field.key, value] as const;
    });
  }
}
