import { PermanentError, messageOf } from '../errors.ts';
import { labelValue } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { TEMPLATE_FUNCTIONS, printValue } from './template-functions.ts';
import type { FunctionShape, TemplateValue } from './template-functions.ts';
import { scanTemplate, tokensOf } from './template-scan.ts';
import type { TemplateToken } from './template-scan.ts';

/** What `$labels` and `$value` stand for. */
export interface TemplateInput {
  readonly labels: Labels;
  readonly value: number;
}

/** A parsed label or annotation of a rule. */
export interface Template {
  readonly source: string;
  /** The text for one alert. A failure becomes the text `<error expanding template: ...>`, as in Prometheus. */
  readonly expand: (input: TemplateInput) => string;
}

/** An expanded text longer than this is cut: labels and annotations travel in items of at most 400 KB. */
export const MAX_EXPANDED_CHARS = 8192;

type Operand = (input: TemplateInput) => TemplateValue;

/**
 * The part of Go's text/template that alert rules use most: text, `{{ $labels.x }}`, `{{ index $labels "x" }}`,
 * `{{ $value }}`, literals, comments, trim markers and pipelines through functions. A missing label prints empty.
 * @throws PermanentError naming what is wrong or not supported yet.
 */
export const parseTemplate = (source: string): Template => {
  const parts = scanTemplate(source).map((part): string | Operand => (part.kind === 'text' ? part.text : parsePipeline(tokensOf(part.text))));
  const expand = (input: TemplateInput): string => {
    try {
      let text = '';
      for (const part of parts) text += typeof part === 'string' ? part : printValue(part(input));
      return text.length <= MAX_EXPANDED_CHARS ? text : text.slice(0, MAX_EXPANDED_CHARS).toWellFormed();
    } catch (error) {
      return `<error expanding template: ${messageOf(error)}>`;
    }
  };
  return { source, expand };
};

/** `a | f x | g`: the value before the bar becomes the last argument of what stands after it. */
const parsePipeline = (tokens: readonly TemplateToken[]): Operand => {
  const commands: TemplateToken[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'bar') commands.push([]);
    else (commands.at(-1) as TemplateToken[]).push(token);
  }
  return commands.reduce<Operand | undefined>((piped, command) => parseCommand(command, piped), undefined) as Operand;
};

const parseCommand = (command: readonly TemplateToken[], piped: Operand | undefined): Operand => {
  const [head, ...rest] = command;
  if (head === undefined) throw new PermanentError('template: found an empty command, a value or function is needed');
  if (head.kind !== 'word') {
    if (rest.length > 0 || piped !== undefined) throw new PermanentError(`template: found "${head.text}" with arguments, only functions take them`);
    return parseOperand(head);
  }
  if (head.text === 'index') return parseIndex(rest, piped);
  const shape = TEMPLATE_FUNCTIONS.get(head.text);
  if (shape === undefined) throw new PermanentError(`template: "${head.text}" is not supported yet; functions are index, ${[...TEMPLATE_FUNCTIONS.keys()].join(', ')}`);
  const args = [...rest.map(parseOperand), ...(piped === undefined ? [] : [piped])];
  checkCount(head.text, shape, args.length);
  return (input) => shape.call(args.map((arg) => arg(input)));
};

const checkCount = (name: string, shape: FunctionShape, count: number): void => {
  if (count >= shape.minArgs && count <= shape.maxArgs) return;
  throw new PermanentError(`template ${name}: found ${count} arguments, ${shape.minArgs} to ${shape.maxArgs} are allowed`);
};

const parseIndex = (args: readonly TemplateToken[], piped: Operand | undefined): Operand => {
  const [labels, key] = args;
  if (labels?.kind !== 'labels' || args.length + (piped === undefined ? 0 : 1) !== 2) {
    throw new PermanentError('template index: found other arguments, `index $labels "name"` is what is supported yet');
  }
  const name = key === undefined ? (piped as Operand) : parseOperand(key);
  return (input) => labelValue(input.labels, printValue(name(input)));
};

const parseOperand = (token: TemplateToken): Operand => {
  switch (token.kind) {
    case 'value':
      return (input) => input.value;
    case 'label':
      return (input) => labelValue(input.labels, token.name);
    case 'literal':
      return () => token.value;
    default:
      throw new PermanentError(`template: "${token.text}" is not supported yet at this place`);
  }
};
