import type { YamlField, YamlFile, YamlNode } from '../rules/yaml-file.ts';

/** The fields of one mapping of the alertmanager file. Its errors name fields, never their values. */
export class FieldReader {
  private readonly yaml: YamlFile;
  private readonly fields: ReadonlyMap<string, YamlField>;
  private readonly what: string;
  private readonly place: YamlNode;

  /** Fields that are not `known` become errors at once. `place` stands for fields that are missing. */
  constructor(yaml: YamlFile, fields: readonly YamlField[], what: string, known: readonly string[], place: YamlNode) {
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

  node(key: string): YamlNode {
    return this.fields.get(key)?.value ?? null;
  }

  fail(key: string, message: string): void {
    this.yaml.fail(this.fields.get(key)?.value ?? this.place, `${this.what}: ${message}`);
  }

  /** A text; '' where it is missing. */
  text(key: string): string {
    return this.has(key) ? this.yaml.text(this.node(key), `${this.what}: ${key}`) : '';
  }

  /** A text in which Alertmanager would allow a template, which is not supported yet. */
  plain(key: string): string {
    const text = this.text(key);
    if (text.includes('{{')) this.fail(key, `${key}: found a template, which is not supported yet here; plain text is`);
    return text;
  }

  flag(key: string, otherwise: boolean): boolean {
    if (!this.has(key)) return otherwise;
    const text = this.text(key);
    if (text === 'true' || text === 'false') return text === 'true';
    this.fail(key, `${key}: found neither true nor false`);
    return otherwise;
  }

  /** The pairs of a mapping of plain texts. */
  pairs(key: string): readonly (readonly [name: string, value: string])[] {
    if (!this.has(key)) return [];
    const what = `${this.what}: ${key}`;
    return this.yaml.fields(this.node(key), what).map((field) => {
      const value = this.yaml.text(field.value, `${what} ${this.yaml.quoteKey(field.key)}`);
      if (value.includes('{{')) this.yaml.fail(field.value, `${what} ${this.yaml.quoteKey(field.key)}: found a template, which is not supported yet here; plain text is`);
      return [field.key, value] as const;
    });
  }
}
