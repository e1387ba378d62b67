import { MAX_TEXT_CHARS, TemplateError, checkedText, goTypeOf, isTrue, printed, sortedKeys } from './go-value.ts';
import type { GoValue } from './go-value.ts';
import { nodeText } from './template-nodes.ts';
import type { Block, Command, Control, Operand, Pipe, Statement } from './template-nodes.ts';
import type { ExpansionSetting } from './expansion-setting.ts';
import type { ParsedTemplate } from './template-parser.ts';

/** Nodes that one expansion may visit: milliseconds. */
export const MAX_STEPS = 100_000;

/** Of a text that a function is given: it may look at each of its characters. */
const CHARS_PER_STEP = 1000;

/** Templates that call one another. Go allows 100,000, on a stack that grows. */
const MAX_DEPTH = 100;

/** What a function may do beside reading its arguments. */
export interface CallContext {
  readonly setting: ExpansionSetting;
  /** Counts work that is more than one step. */
  readonly spend: (steps: number) => void;
  /** Runs a named template. */
  readonly runNamed: (name: string, dot: GoValue) => string;
}

export interface TemplateFunction {
  /** Types of the arguments; `any` takes everything. */
  readonly params: readonly ParamType[];
  /** Type of any further ones. */
  readonly rest?: ParamType;
  readonly call: (args: readonly GoValue[], context: CallContext) => GoValue;
}

export type ParamType = 'any' | 'string' | 'template.queryResult' | '*template.sample';

export type TemplateFunctions = ReadonlyMap<string, TemplateFunction>;

/** By the name of a template the one that defines it. */
export type TemplateLookup = Pick<ReadonlyMap<string, ParsedTemplate>, 'get'>;

/**
 * Runs a template over `dot`. `files` are other templates whose definitions it may run, by the names they define; its own come first.
 * @throws TemplateError in Go's words: `template: name:line:column: executing "name" at <…>: message`.
 */
export const executeTemplate = (template: ParsedTemplate, dot: GoValue, functions: TemplateFunctions, setting: ExpansionSetting, files: TemplateLookup = new Map()): string => {
  const run = new Run(template, functions, setting, files);
  run.block(template.root, dot);
  return run.text;
};

const MISSING = Symbol('no piped value');
type Final = GoValue | typeof MISSING;

type LoopEnd = 'break' | 'continue' | undefined;

class Run {
  text = '';
  private readonly main: ParsedTemplate;
  private readonly files: TemplateLookup;
  /** Where the node that runs stands. */
  private template: ParsedTemplate;
  private readonly functions: TemplateFunctions;
  private variables: [name: string, value: GoValue][] = [];
  private executing: string;
  private node: Operand | Command | Statement | undefined;
  private steps = 0;
  private depth = 0;
  private readonly context: CallContext;

  constructor(template: ParsedTemplate, functions: TemplateFunctions, setting: ExpansionSetting, files: TemplateLookup) {
    this.main = template;
    this.files = files;
    this.template = template;
    this.functions = functions;
    this.executing = template.name;
    this.context = { setting, spend: (steps) => this.spend(steps), runNamed: (name, dot) => this.textOfNamed(name, dot) };
  }

  block(block: Block, dot: GoValue): void {
    if (this.variables.length === 0) this.variables.push(['$', dot]);
    this.statements(block, dot);
  }

  private fail(message: string): TemplateError {
    const { source, name } = this.template;
    if (this.node === undefined) return new TemplateError(`template: ${name}: ${message}`);
    const before = source.slice(0, this.node.at);
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    return new TemplateError(`template: ${name}:${line}:${column}: executing ${JSON.stringify(this.executing)} at <${nodeText(this.node)}>: ${message}`);
  }

  private spend(steps: number): void {
    this.steps += steps;
    if (this.steps > MAX_STEPS) throw this.fail(`found more than ${MAX_STEPS} steps, that many are allowed`);
  }

  private write(text: string): void {
    this.text += text;
    if (this.text.length > MAX_TEXT_CHARS) throw this.fail(`found more than ${MAX_TEXT_CHARS} characters of output, that many are allowed`);
  }

  private statements(block: Block, dot: GoValue): LoopEnd {
    for (const statement of block) {
      this.spend(1);
      const end = this.statement(statement, dot);
      if (end !== undefined) return end;
    }
    return undefined;
  }

  private statement(statement: Statement, dot: GoValue): LoopEnd {
    if (statement.kind === 'break') return 'break';
    if (statement.kind === 'continue') return 'continue';
    if (statement.kind === 'text') this.write(statement.text);
    else if (statement.kind === 'action') {
      const value = this.pipe(statement.pipe, dot);
      this.node = statement;
      if (statement.pipe.variables.length === 0) this.write(value === null ? '<no value>' : printed(value));
    } else if (statement.kind === 'template') {
      this.node = statement;
      const value = statement.pipe === undefined ? null : this.pipe(statement.pipe, dot);
      this.node = statement;
      this.named(statement.name, value);
    } else {
      const mark = this.variables.length;
      const end = statement.kind === 'range' ? this.range(statement, dot) : this.condition(statement, dot);
      this.variables.length = mark;
      return end;
    }
    return undefined;
  }

  private condition({ kind, pipe, body, otherwise }: Control, dot: GoValue): LoopEnd {
    const value = this.pipe(pipe, dot);
    if (isTrue(value)) return this.statements(body, kind === 'with' ? value : dot);
    return otherwise === undefined ? undefined : this.statements(otherwise, dot);
  }

  private range(statement: Control, dot: GoValue): LoopEnd {
    const { pipe, body, otherwise } = statement;
    const over = this.pipe(pipe, dot);
    let visited = 0;
    const mark = this.variables.length;
    for (const [key, element] of this.elementsOf(over)) {
      this.spend(1);
      visited++;
      this.bindRange(pipe, key, element);
      const end = this.statements(body, element);
      this.variables.length = mark;
      if (end === 'break') break;
    }
    return visited === 0 && otherwise !== undefined ? this.statements(otherwise, dot) : undefined;
  }

  /** The pipeline has declared its variables already: `$x` stands for the element, `$k, $x` for key and element. */
  private bindRange({ variables, assigns }: Pipe, key: GoValue, element: GoValue): void {
    const values = variables.length === 2 ? [key, element] : [element];
    variables.forEach((name, i) => (assigns ? this.assign(name, values[i] as GoValue) : this.variables.push([name, values[i] as GoValue])));
  }

  private *elementsOf(over: GoValue): Generator<readonly [GoValue, GoValue]> {
    if (over === null) return;
    if (typeof over === 'bigint') {
      for (let i = 0n; i < over; i++) yield [i, i];
    } else if (typeof over === 'object' && over.kind === 'list') {
      for (const [i, element] of over.elements.entries()) yield [BigInt(i), element];
    } else if (typeof over === 'object' && over.kind === 'map') {
      for (const key of sortedKeys(over)) yield [key, over.entries.get(key) ?? null];
    } else throw this.fail(`range can't iterate over ${printed(over)}`);
  }

  private named(name: string, dot: GoValue): void {
    const home = this.main.named.has(name) ? this.main : this.files.get(name);
    const block = home?.named.get(name);
    if (home === undefined || block === undefined) throw this.fail(`template ${JSON.stringify(name)} not defined`);
    if (++this.depth > MAX_DEPTH) throw this.fail(`exceeded maximum template depth (${MAX_DEPTH})`);
    const { variables, executing, template } = this;
    this.variables = [['$', dot]];
    this.executing = name;
    this.template = home;
    this.statements(block, dot);
    this.variables = variables;
    this.executing = executing;
    this.template = template;
    this.depth--;
  }

  private textOfNamed(name: string, dot: GoValue): string {
    const { text } = this;
    this.text = '';
    this.named(name, dot);
    const result = this.text;
    this.text = text;
    return result;
  }

  private assign(name: string, value: GoValue): void {
    const slot = this.variables.findLast((variable) => variable[0] === name);
    if (slot === undefined) throw this.fail(`undefined variable: ${name}`);
    slot[1] = value;
  }

  private pipe(pipe: Pipe, dot: GoValue): GoValue {
    this.spend(1);
    this.node = pipe;
    let value: Final = MISSING;
    for (const command of pipe.commands) value = this.command(command, dot, value);
    const result = value === MISSING ? null : value;
    for (const name of pipe.variables) {
      if (pipe.assigns) this.assign(name, result);
      else this.variables.push([name, result]);
    }
    return result;
  }

  private command(command: Command, dot: GoValue, final: Final): GoValue {
    this.spend(1);
    const { args } = command;
    const first = args[0] as Operand;
    switch (first.kind) {
      case 'function':
        return this.call(command, first, dot, final);
      case 'field':
      case 'variable':
      case 'chain':
        return this.reference(first, dot, { args: args.slice(1), final });
      case 'pipe':
        this.notAFunction(args, final);
        return this.pipe(first, dot);
      default:
        this.notAFunction(args, final);
        this.node = first;
        if (first.kind === 'nil') throw this.fail('nil is not a command');
        return first.kind === 'dot' ? dot : first.value;
    }
  }

  private notAFunction(args: readonly Operand[], final: Final): void {
    if (args.length > 1 || final !== MISSING) throw this.fail(`can't give argument to non-function ${nodeText(args[0] as Operand)}`);
  }

  private operand(operand: Operand, dot: GoValue): GoValue {
    this.spend(1);
    this.node = operand;
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'constant':
        return operand.value;
      case 'pipe':
        return this.pipe(operand, dot);
      case 'function':
        return this.call({ kind: 'command', args: [operand], at: operand.at }, operand, dot, MISSING);
      default:
        return this.reference(operand, dot, { args: [], final: MISSING });
    }
  }

  /** `.A.B`, `$x.A`, `(…).A`: arguments go to the last name, which is a method then. */
  private reference(node: Operand & { kind: 'field' | 'variable' | 'chain' }, dot: GoValue, given: { readonly args: readonly Operand[]; readonly final: Final }): GoValue {
    this.node = node;
    let value = node.kind === 'field' ? dot : node.kind === 'variable' ? this.valueOf(node.name) : this.pipe(node.of, dot);
    this.node = node;
    if (node.names.length === 0) {
      this.notAFunction([node, ...given.args], given.final);
      return value;
    }
    for (const [i, name] of node.names.entries()) {
      const isLast = i === node.names.length - 1;
      value = this.member(value, name, isLast ? this.evaluated(given, dot) : []);
      this.node = node;
    }
    return value;
  }

  private evaluated({ args, final }: { readonly args: readonly Operand[]; readonly final: Final }, dot: GoValue): readonly GoValue[] {
    const values = args.map((arg) => this.operand(arg, dot));
    return final === MISSING ? values : [...values, final];
  }

  private valueOf(name: string): GoValue {
    const slot = this.variables.findLast((variable) => variable[0] === name);
    if (slot === undefined) throw this.fail(`undefined variable: ${name}`);
    return slot[1];
  }

  private member(receiver: GoValue, name: string, args: readonly GoValue[]): GoValue {
    if (receiver === null) return null;
    if (typeof receiver === 'object') {
      const method = receiver.methods?.get(name);
      if (method !== undefined) return this.guarded(name, () => method(args));
      if (args.length > 0) throw this.fail(`${name} is not a method but has arguments`);
      if (receiver.kind === 'map') return receiver.entries.get(name) ?? receiver.zero;
      if (receiver.kind === 'struct') {
        const field = receiver.fields.get(name);
        if (field !== undefined) return field;
      }
    }
    throw this.fail(`can't evaluate field ${name} in type ${goTypeOf(receiver)}`);
  }

  private call(command: Command, { name, at }: Operand & { kind: 'function' }, dot: GoValue, final: Final): GoValue {
    this.node = command.args[0];
    const shape = this.functions.get(name);
    if (shape === undefined) throw this.fail(`${JSON.stringify(name)} is not a defined function`);
    const operands = command.args.slice(1);
    const count = operands.length + (final === MISSING ? 0 : 1);
    const { params, rest } = shape;
    if (count < params.length || (rest === undefined && count > params.length)) {
      throw this.fail(`wrong number of args for ${name}: want ${rest === undefined ? '' : 'at least '}${params.length} got ${count}`);
    }
    if (name === 'and' || name === 'or') return this.shortCircuit(name, operands, dot, final);
    const args = operands.map((operand, i) => this.argument(operand, params[i] ?? rest ?? 'any', dot));
    if (final !== MISSING) args.push(this.typed(final, params[operands.length] ?? rest ?? 'any'));
    this.node = { ...command, at };
    for (const arg of args) if (typeof arg === 'string') this.spend(Math.floor(arg.length / CHARS_PER_STEP));
    return this.guarded(name, () => shape.call(args, this.context));
  }

  private shortCircuit(name: 'and' | 'or', operands: readonly Operand[], dot: GoValue, final: Final): GoValue {
    let value: GoValue = null;
    for (const operand of operands) {
      value = this.operand(operand, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === MISSING ? value : final;
  }

  private argument(operand: Operand, type: ParamType, dot: GoValue): GoValue {
    const value = this.operand(operand, dot);
    this.node = operand;
    if (operand.kind === 'constant' && type !== 'any' && goTypeOf(value) !== type) throw this.fail(`expected ${type}; found ${operand.text}`);
    return this.typed(value, type);
  }

  private typed(value: GoValue, type: ParamType): GoValue {
    if (type === 'any' || goTypeOf(value) === type) return value;
    throw this.fail(value === null ? `invalid value; expected ${type}` : `wrong type for value; expected ${type}; got ${goTypeOf(value)}`);
  }

  private guarded(name: string, work: () => GoValue): GoValue {
    const { node } = this;
    try {
      const value = work();
      return typeof value === 'string' ? checkedText(value) : value;
    } catch (error) {
      // One that names its place already came out of a template that the function ran.
      if (!(error instanceof TemplateError) || error.message.startsWith('template: ')) throw error;
      this.node = node;
      throw this.fail(`error calling ${name}: ${error.message}`);
    }
  }
}
