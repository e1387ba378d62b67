import { PermanentError, messageOf } from '../errors.ts';
import type { Labels } from '../model/labels.ts';
import { QueryWanted } from './templates/expansion-setting.ts';
import type { QueriedSample, QueryAnswer } from './templates/expansion-setting.ts';
import { stringMap } from './templates/go-value.ts';
import type { GoStruct, GoValue } from './templates/go-value.ts';
import { TEMPLATE_FUNCTIONS } from './templates/prometheus-functions.ts';
import { executeTemplate } from './templates/template-executor.ts';
import { parseGoTemplate } from './templates/template-parser.ts';
import type { ParsedTemplate } from './templates/template-parser.ts';

/** What `$labels` and `$value` stand for. */
export interface TemplateInput {
  readonly labels: Labels;
  readonly value: number;
}

/** What templates of an installation know beside the alert. */
export interface TemplateSetting {
  /** The evaluation time. */
  readonly tMs: number;
  readonly externalLabels: Labels;
  /** Without a slash at the end. */
  readonly externalUrl: string;
  /** What the function `query` asks: at the evaluation time, over what the rule itself is evaluated over. */
  readonly query: (query: string) => Promise<readonly QueriedSample[]>;
}

/** A parsed label or annotation of a rule. */
export interface Template {
  readonly source: string;
  /**
   * The text for one alert. A failure becomes the text `<error expanding template: ...>`, as in Prometheus. At once unless it asks
   * a query.
   */
  readonly expand: (input: TemplateInput, setting: TemplateSetting) => string | Promise<string>;
}

/** A template longer than this is refused. */
const MAX_TEMPLATE_CHARS = 16_384;

/** An expanded text longer than this is cut: labels and annotations travel in items of at most 400 KB. */
export const MAX_EXPANDED_CHARS = 8192;

/** Of one expansion, which runs anew after each. */
const MAX_QUERIES = 20;

/** Prometheus' own: it makes places in error messages the same. */
const PRELUDE = '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

const FUNCTION_NAMES: ReadonlySet<string> = new Set(TEMPLATE_FUNCTIONS.keys());

const DOT_TYPE = 'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }';

/**
 * A template of a rule in Go's text/template language with Prometheus' functions. `name` is the rule's, for error messages.
 * @throws PermanentError in Go's words.
 */
export const parseTemplate = (source: string, name = ''): Template => {
  if (source.length > MAX_TEMPLATE_CHARS) throw new PermanentError(`template: found ${source.length} characters, at most ${MAX_TEMPLATE_CHARS} are allowed`);
  if (!source.includes('{{')) return { source, expand: () => cutText(source) };
  const parsed = parseGoTemplate(PRELUDE + source, `__alert_${name}`, FUNCTION_NAMES);
  return {
    source,
    expand: (input, setting) => {
      const expansion = new Expansion(parsed, input, setting);
      return expansion.now() ?? expansion.later();
    },
  };
};

const cutText = (text: string): string => (text.length <= MAX_EXPANDED_CHARS ? text : text.slice(0, MAX_EXPANDED_CHARS)).toWellFormed();

/** One expansion: runs until a query has no answer yet, asks it, and runs again from the start. */
class Expansion {
  private readonly template: ParsedTemplate;
  private readonly setting: TemplateSetting;
  private readonly dot: GoStruct;
  private readonly answers = new Map<string, QueryAnswer>();
  private wanted = '';

  constructor(template: ParsedTemplate, { labels, value }: TemplateInput, setting: TemplateSetting) {
    this.template = template;
    this.setting = setting;
    const fields: [string, GoValue][] = [
      ['Labels', stringMap(labels)],
      ['ExternalLabels', stringMap(setting.externalLabels)],
      ['ExternalURL', setting.externalUrl],
      ['Value', value],
    ];
    this.dot = { kind: 'struct', type: DOT_TYPE, fields: new Map(fields) };
  }

  /** The text; undefined while a query must be asked. */
  now(): string | undefined {
    const { tMs: nowMs, externalUrl } = this.setting;
    try {
      return cutText(executeTemplate(this.template, this.dot, TEMPLATE_FUNCTIONS, { nowMs, externalUrl, answers: this.answers }));
    } catch (error) {
      if (!(error instanceof QueryWanted)) return this.failure(messageOf(error));
      if (this.answers.size >= MAX_QUERIES) return this.failure(`template: found more than ${MAX_QUERIES} queries, that many are allowed`);
      this.wanted = error.query;
      return undefined;
    }
  }

  async later(): Promise<string> {
    for (;;) {
      this.answers.set(this.wanted, await this.ask(this.wanted));
      const text = this.now();
      if (text !== undefined) return text;
    }
  }

  private async ask(query: string): Promise<QueryAnswer> {
    try {
      return { samples: await this.setting.query(query) };
    } catch (error) {
      return { error: messageOf(error) };
    }
  }

  private failure(message: string): string {
    return cutText(`<error expanding template: error executing template ${this.template.name}: ${message}>`);
  }
}
