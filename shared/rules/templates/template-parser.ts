import type { PermanentError } from '../../errors.ts';
import { unquote } from '../../promql/string-text.ts';
import { parseFloatText } from '../../promql/number-text.ts';
import { parseError, tokensOfTemplate } from './template-lexer.ts';
import type { Token, TokenKind } from './template-lexer.ts';
import { nodeText } from './template-nodes.ts';
import type { Block, Command, Operand, Pipe, Statement } from './template-nodes.ts';

/** Blocks and parentheses within one another: the parser and the executor recurse. */
const MAX_NESTING = 100;

export interface ParsedTemplate {
  readonly name: string;
  readonly source: string;
  readonly root: Block;
  /** What `define` and `block` have named. */
  readonly named: ReadonlyMap<string, Block>;
}

/**
 * Parses Go's text/template.
 * @throws PermanentError in Go's words: `template: name:line: message`.
 */
export const parseGoTemplate = (source: string, name: string, functions: ReadonlySet<string>): ParsedTemplate => new Parser(source, name, functions).parse();

type Ending = 'end' | 'else' | 'eof';

interface Section {
  readonly block: Block;
  readonly ending: Ending;
}

class Parser {
  private readonly source: string;
  private readonly name: string;
  private readonly functions: ReadonlySet<string>;
  private readonly tokens: readonly Token[];
  private readonly named = new Map<string, Block>();
  private variables: string[] = ['$'];
  private next = 0;
  private nesting = 0;
  private rangeDepth = 0;

  constructor(source: string, name: string, functions: ReadonlySet<string>) {
    this.source = source;
    this.name = name;
    this.functions = functions;
    this.tokens = tokensOfTemplate(source, name);
  }

  parse(): ParsedTemplate {
    const { block, ending } = this.section(true);
    if (ending !== 'eof') throw this.fail(`unexpected {{${ending}}}`);
    return { name: this.name, source: this.source, root: block, named: this.named };
  }

  private fail(message: string, at = this.peek().at): PermanentError {
    return parseError(this.name, this.source, at, message);
  }

  private peek(): Token {
    return this.tokens[Math.min(this.next, this.tokens.length - 1)] as Token;
  }

  private take(): Token {
    const token = this.peek();
    this.next++;
    return token;
  }

  private skipSpace(): void {
    while (this.peek().kind === 'space') this.next++;
  }

  private takeIf(kind: TokenKind): Token | undefined {
    return this.peek().kind === kind ? this.take() : undefined;
  }

  private expect(kind: TokenKind, context: string): Token {
    this.skipSpace();
    const token = this.peek();
    if (token.kind !== kind) throw this.unexpected(token, context);
    return this.take();
  }

  private unexpected(token: Token, context: string): PermanentError {
    return this.fail(token.kind === 'end' ? 'unexpected EOF' : `unexpected ${token.kind === 'close' ? '"}}"' : JSON.stringify(token.text.slice(0, 40))} in ${context}`, token.at);
  }

  private nested<T>(work: () => T): T {
    if (++this.nesting > MAX_NESTING) throw this.fail(`found more than ${MAX_NESTING} levels of nesting, that many are allowed`);
    const result = work();
    this.nesting--;
    return result;
  }

  /** Statements up to `{{end}}`, `{{else}}` (which stays to be read) or the end of the text. */
  private section(isTop = false): Section {
    const block: Statement[] = [];
    for (;;) {
      const token = this.take();
      if (token.kind === 'end') {
        if (!isTop) throw this.fail('unexpected EOF', token.at);
        return { block, ending: 'eof' };
      }
      if (token.kind === 'text') {
        block.push({ kind: 'text', text: token.text, at: token.at });
        continue;
      }
      this.skipSpace();
      const word = this.peek().kind === 'word' ? this.peek().text : '';
      if (word === 'end') {
        this.take();
        this.expect('close', 'end');
        return { block, ending: 'end' };
      }
      if (word === 'else') return { block, ending: 'else' };
      const statement = this.action(word, token.at, isTop);
      if (statement !== undefined) block.push(statement);
    }
  }

  private action(word: string, at: number, isTop: boolean): Statement | undefined {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        this.take();
        return this.control(word, at);
      case 'template':
        return this.templateCall();
      case 'block':
        return this.blockDefinition();
      case 'define':
        if (!isTop) throw this.fail('unexpected {{define}}');
        this.define();
        return undefined;
      case 'break':
      case 'continue':
        this.take();
        if (this.rangeDepth === 0) throw this.fail(`{{${word}}} outside {{range}}`, at);
        this.expect('close', word);
        return { kind: word, at };
      default: {
        const pipe = this.pipeline('command', 'close');
        return { kind: 'action', pipe, at: pipe.at };
      }
    }
  }

  private control(kind: 'if' | 'with' | 'range', at: number): Statement {
    return this.nested(() => {
      const mark = this.variables.length;
      const pipe = this.pipeline(kind, 'close');
      if (kind === 'range') this.rangeDepth++;
      const { block, ending } = this.section();
      if (kind === 'range') this.rangeDepth--;
      const otherwise = ending === 'else' ? this.otherwise(kind) : undefined;
      this.variables.length = mark;
      return { kind, pipe, body: block, otherwise, at };
    });
  }

  /** `{{else}} … {{end}}`, or `{{else if …}} … {{end}}`, which is an `if` within and shares its end. */
  private otherwise(kind: 'if' | 'with' | 'range'): Block {
    const { at } = this.take();
    this.skipSpace();
    const word = this.peek().kind === 'word' ? this.peek().text : '';
    if (word === kind && (word === 'if' || word === 'with')) {
      this.take();
      return [this.control(word, at)];
    }
    this.expect('close', 'else');
    const { block, ending } = this.section();
    if (ending !== 'end') throw this.fail('expected end; found {{else}}');
    return block;
  }

  private templateName(context: string): { readonly name: string; readonly at: number } {
    const token = this.expect('string', context);
    return { name: this.textOf(token), at: token.at };
  }

  private templateCall(): Statement {
    this.take();
    const { name, at } = this.templateName('template clause');
    this.skipSpace();
    const pipe = this.takeIf('close') === undefined ? this.pipeline('template clause', 'close') : undefined;
    return { kind: 'template', name, pipe, at };
  }

  private define(): void {
    this.take();
    const { name } = this.templateName('define clause');
    this.expect('close', 'define clause');
    this.body(name, 'define clause');
  }

  private blockDefinition(): Statement {
    this.take();
    const { name, at } = this.templateName('block clause');
    const pipe = this.pipeline('block clause', 'close');
    this.body(name, 'block clause');
    return { kind: 'template', name, pipe, at };
  }

  /** The body of a template of its own: it sees none of the variables around it. */
  private body(name: string, context: string): void {
    this.nested(() => {
      const { variables, rangeDepth } = this;
      this.variables = ['$'];
      this.rangeDepth = 0;
      const { block, ending } = this.section();
      if (ending !== 'end') throw this.fail(`unexpected {{else}} in ${context}`);
      this.variables = variables;
      this.rangeDepth = rangeDepth;
      this.named.set(name, block);
    });
  }

  private pipeline(context: string, end: 'close' | 'right'): Pipe {
    return this.nested(() => {
      this.skipSpace();
      const { at } = this.peek();
      const { variables, assigns } = this.declarations(context);
      const commands: Command[] = [];
      for (;;) {
        this.skipSpace();
        const token = this.peek();
        if (token.kind === end) {
          this.take();
          if (commands.length === 0) throw this.fail(`missing value for ${context}`, token.at);
          this.checkStages(commands);
          return { kind: 'pipe', variables, assigns, commands, at };
        }
        commands.push(this.command(context));
      }
    });
  }

  /** `$x :=`, `$x =`, and in a range `$i, $x :=`. */
  private declarations(context: string): { readonly variables: readonly string[]; readonly assigns: boolean } {
    const start = this.next;
    const variables: string[] = [];
    while (this.peek().kind === 'variable') {
      const token = this.take();
      this.skipSpace();
      variables.push(token.text);
      const sign = this.peek().kind;
      if (sign === 'declare' || sign === 'assign') {
        this.take();
        for (const name of variables) {
          if (sign === 'assign') this.known(name, token.at);
          else this.variables.push(name);
        }
        return { variables, assigns: sign === 'assign' };
      }
      if (sign !== 'comma') break;
      if (context !== 'range' || variables.length === 2) throw this.fail(`too many declarations in ${context}`);
      this.take();
      this.skipSpace();
    }
    this.next = start;
    return { variables: [], assigns: false };
  }

  private checkStages(commands: readonly Command[]): void {
    commands.slice(1).forEach(({ args: [first], at }, i) => {
      if (first?.kind === 'constant' || first?.kind === 'dot' || first?.kind === 'nil') throw this.fail(`non executable command in pipeline stage ${i + 2}`, at);
    });
  }

  private command(context: string): Command {
    const { at } = this.peek();
    const args: Operand[] = [];
    for (;;) {
      this.skipSpace();
      const operand = this.operand();
      if (operand !== undefined) args.push(operand);
      const token = this.peek();
      if (token.kind === 'space') {
        this.take();
        continue;
      }
      if (token.kind === 'pipe') {
        this.take();
        this.skipSpace();
        if (this.peek().kind === 'close' || this.peek().kind === 'right') throw this.fail(`missing value for ${context}`);
      } else if (token.kind !== 'close' && token.kind !== 'right') throw this.unexpected(token, 'operand');
      if (args.length === 0) throw this.fail('empty command', at);
      return { kind: 'command', args, at };
    }
  }

  private operand(): Operand | undefined {
    const node = this.term();
    if (node === undefined || this.peek().kind !== 'field') return node;
    const { at } = this.peek();
    const names: string[] = [];
    for (let token = this.takeIf('field'); token !== undefined; token = this.takeIf('field')) names.push(token.text.slice(1));
    if (node.kind === 'field') return { ...node, names: [...node.names, ...names], at };
    if (node.kind === 'variable') return { ...node, names: [...node.names, ...names], at };
    if (node.kind === 'pipe') return { kind: 'chain', of: node, names, at };
    throw this.fail(`unexpected <.${names[0] ?? ''}> after ${JSON.stringify(nodeText(node))}`, at);
  }

  private term(): Operand | undefined {
    const { kind, text, at } = this.peek();
    switch (kind) {
      case 'word':
        this.take();
        return this.word(text, at);
      case 'dot':
        this.take();
        return { kind: 'dot', at };
      case 'field':
        this.take();
        return { kind: 'field', names: [text.slice(1)], at };
      case 'variable':
        this.take();
        this.known(text, at);
        return { kind: 'variable', name: text, names: [], at };
      case 'string':
        return { kind: 'constant', value: this.textOf(this.take()), text, at };
      case 'char':
      case 'number':
        return { kind: 'constant', value: this.numberOf(this.take()), text, at };
      case 'left':
        this.take();
        return this.pipeline('parenthesized pipeline', 'right');
      default:
        return undefined;
    }
  }

  private word(name: string, at: number): Operand {
    if (name === 'true' || name === 'false') return { kind: 'constant', value: name === 'true', text: name, at };
    if (name === 'nil') return { kind: 'nil', at };
    if (!this.functions.has(name)) throw this.fail(`function ${JSON.stringify(name)} not defined`, at);
    return { kind: 'function', name, at };
  }

  private known(name: string, at: number): void {
    if (!this.variables.includes(name)) throw this.fail(`undefined variable ${JSON.stringify(name)}`, at);
  }

  private textOf(token: Token): string {
    const text = unquote(token.text);
    if (text === undefined) throw this.fail(`invalid syntax: ${token.text.slice(0, 40)}`, token.at);
    return text;
  }

  /** An int, or with a point or an exponent a float64. */
  private numberOf({ kind, text, at }: Token): number | bigint {
    if (kind === 'char') {
      const char = [...(unquote(text) ?? '')];
      if (char.length !== 1) throw this.fail(`malformed character constant: ${text.slice(0, 40)}`, at);
      return BigInt((char[0] as string).codePointAt(0) as number);
    }
    const digits = text.replace(/^[+-]/, '').replaceAll('_', '');
    if (/^(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9]\d*)$/.test(digits)) {
      const whole = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
      const value = text.startsWith('-') ? -whole : whole;
      if (BigInt.asIntN(64, value) !== value) throw this.fail(`integer overflow: ${JSON.stringify(text.slice(0, 40))}`, at);
      return value;
    }
    const value = parseFloatText(text);
    if (value === undefined) throw this.fail(`bad number syntax: ${JSON.stringify(text.slice(0, 40))}`, at);
    return value;
  }
}
