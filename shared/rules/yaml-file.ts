import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, ParsedNode } from 'yaml';
import { messageOf } from '../errors.ts';

/** A rule or alertmanager file larger than this is refused before it is parsed; large installations split at about 100 KB. */
export const MAX_FILE_BYTES = 1_048_576;

/** Nodes that may be visited, aliases followed: a bomb of nested aliases ends here. */
const MAX_NODES = 200_000;

/** Merge keys within merge keys. */
const MAX_MERGE_DEPTH = 64;

/** Errors of one file that are told; the rest would drown them. */
const MAX_ERRORS = 100;
const MAX_MESSAGE_CHARS = 400;

export type YamlNode = ParsedNode | null;

/** One `key: value` of a mapping, aliases and merge keys resolved. */
export interface YamlField {
  readonly key: string;
  readonly keyNode: YamlNode;
  readonly value: YamlNode;
}

/**
 * A YAML file under inspection: nodes with their places, and every error found so far. All scalars are text, as they
 * are for Go's decoder when the field is a string; numbers and booleans are read from that text.
 */
export class YamlFile {
  readonly errors: string[] = [];
  /** What is taken and means something else, or nothing, here. */
  readonly warnings: string[] = [];
  readonly root: YamlNode;
  private readonly file: string;
  private readonly lines = new LineCounter();
  private readonly document: Document.Parsed | undefined;
  private readonly hasSecrets: boolean;
  private visited = 0;

  /** With `hasSecrets` the YAML library's own messages, which may quote the text, are told by their code alone. */
  constructor(text: string, file: string, hasSecrets = false) {
    this.file = file;
    this.hasSecrets = hasSecrets;
    this.document = this.parse(text);
    this.root = this.document?.contents ?? null;
  }

  /** Adds `file:line:column: message` at the start of `node`. */
  fail(node: YamlNode, message: string): void {
    this.failAt(node?.range[0] ?? 0, message);
  }

  /** Adds `file:line:column: warning: message` at the start of `node`. */
  warn(node: YamlNode, message: string): void {
    if (this.warnings.length < MAX_ERRORS) this.warnings.push(this.placed(node?.range[0] ?? 0, `warning: ${message}`));
  }

  /** The fields of a mapping; none, with an error, when the node is something else. */
  fields(node: YamlNode, what: string): readonly YamlField[] {
    const found = this.resolve(node);
    if (isMap(found)) return this.mappingFields(found, what, 0);
    if (!isEmpty(found)) this.fail(node, `${what}: found ${kindOf(found)}, a mapping is needed`);
    return [];
  }

  /** The elements of a list; none, with an error, when the node is something else. An empty value is an empty list. */
  elements(node: YamlNode, what: string): readonly YamlNode[] {
    const found = this.resolve(node);
    if (isSeq(found)) return found.items as YamlNode[];
    if (!isEmpty(found)) this.fail(node, `${what}: found ${kindOf(found)}, a list is needed`);
    return [];
  }

  /** The text of a scalar, '' for an empty one; '' with an error for a list or mapping. */
  text(node: YamlNode, what: string): string {
    const found = this.resolve(node);
    if (found === null) return '';
    if (!isScalar(found)) {
      this.fail(node, `${what}: found ${kindOf(found)}, a text is needed`);
      return '';
    }
    const text = String(found.value ?? '');
    return found.type === 'PLAIN' && (text === '~' || text === 'null') ? '' : text;
  }

  /**
   * A key for a message. In a file with secrets only as far as it looks like a name: where the space after the colon is missing
   * in a flow mapping, `{password:x}`, the value is a part of the key.
   */
  quoteKey(key: string): string {
    const name = /^[\w.-]{0,64}/.exec(key)?.[0] ?? '';
    return JSON.stringify(!this.hasSecrets || name === key ? key : `${name}…`);
  }

  isList(node: YamlNode): boolean {
    return isSeq(this.resolve(node));
  }

  isMapping(node: YamlNode): boolean {
    return isMap(this.resolve(node));
  }

  /** The node itself, or what its alias stands for. Counts visits. */
  private resolve(node: YamlNode): YamlNode {
    this.visited++;
    if (this.visited > MAX_NODES) {
      if (this.visited === MAX_NODES + 1) this.fail(node, `yaml: found more than ${MAX_NODES} nodes, aliases followed; that many are allowed`);
      return null;
    }
    if (!isAlias(node) || this.document === undefined) return node;
    const target = node.resolve(this.document) as YamlNode | undefined;
    if (target === undefined) this.fail(node, 'yaml: found an alias whose anchor is not above it');
    return target ?? null;
  }

  private mappingFields(node: YamlNode, what: string, depth: number): readonly YamlField[] {
    if (!isMap(node)) return [];
    const own: YamlField[] = [];
    const merged: YamlField[] = [];
    const taken = new Set<string>();
    for (const pair of node.items) {
      const keyNode = pair.key as YamlNode;
      const key = this.text(keyNode, `${what}: key`);
      const value = pair.value as YamlNode;
      if (key === '<<' && depth < MAX_MERGE_DEPTH) merged.push(...this.mergedFields(value, what, depth + 1));
      else if (taken.has(key)) this.fail(keyNode, `${what}: ${this.quoteKey(key)} is given twice, a key stands once`);
      else own.push({ key, keyNode, value });
      taken.add(key);
    }
    for (const field of merged) {
      if (taken.has(field.key)) continue;
      taken.add(field.key);
      own.push(field);
    }
    return own;
  }

  private mergedFields(node: YamlNode, what: string, depth: number): readonly YamlField[] {
    const found = this.resolve(node);
    const sources = isSeq(found) ? (found.items as YamlNode[]).map((item) => this.resolve(item)) : [found];
    return sources.flatMap((source) => this.mappingFields(source, what, depth));
  }

  private parse(text: string): Document.Parsed | undefined {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_FILE_BYTES) {
      this.failAt(0, `yaml: found ${bytes} bytes, at most ${MAX_FILE_BYTES} are allowed`);
      return undefined;
    }
    try {
      // The library's own check for duplicate keys is quadratic (60,000 keys took 34 s); `mappingFields` does it with a set.
      const document = parseDocument(text, { schema: 'failsafe', lineCounter: this.lines, prettyErrors: false, uniqueKeys: false });
      for (const error of document.errors.slice(0, MAX_ERRORS)) this.failAt(error.pos[0], `yaml: ${this.hasSecrets ? error.code : error.message}`);
      return document.errors.length === 0 ? document : undefined;
    } catch (error) {
      // The parser recurses: nesting of some thousand levels ends as a RangeError.
      this.failAt(0, `yaml: ${this.hasSecrets ? 'the text cannot be read' : messageOf(error)}`);
      return undefined;
    }
  }

  private failAt(offset: number, message: string): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push(this.placed(offset, message));
  }

  private placed(offset: number, message: string): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.file}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${message.slice(0, MAX_MESSAGE_CHARS)}`;
  }
}

const isEmpty = (node: YamlNode): boolean => node === null || (isScalar(node) && String(node.value ?? '') === '');

const kindOf = (node: YamlNode): string => (isMap(node) ? 'a mapping' : isSeq(node) ? 'a list' : 'a text');
