import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What of AWS the receivers of an Alertmanager file send to or by. */
export interface AlertmanagerTargets {
  /** ARNs of topics, and of endpoints of applications. */
  readonly topics: readonly string[];
  /** Whether any receives SMS by SNS. */
  readonly hasSms: boolean;
  /** Numbers, ids or ARNs that calls come from. */
  readonly callers: readonly string[];
}

interface AlertmanagerYaml {
  readonly templates?: readonly string[] | '';
  readonly receivers?: readonly { readonly sns_configs?: readonly Fields[] | ''; readonly phone_configs?: readonly Fields[] | '' }[] | '';
}

type Fields = Readonly<Record<string, string | undefined>>;

/** Of a file in which `tidemark check config` has found no error. Scalars are text, as they are for the product's own reader. */
const parseChecked = (text: string): AlertmanagerYaml => parse(text, { schema: 'failsafe', merge: true }) as AlertmanagerYaml;

/** The patterns of files of templates, from the file's own folder. */
export const templatesOf = (text: string): readonly string[] => parseChecked(text).templates || [];

/** Nothing where no file is named. */
export const alertmanagerTargets = (file: string | undefined): AlertmanagerTargets => {
  const receivers = file === undefined ? [] : parseChecked(readFileSync(file, 'utf8')).receivers || [];
  const sns = receivers.flatMap(({ sns_configs: configs }) => configs || []);
  const phones = receivers.flatMap(({ phone_configs: configs }) => configs || []);
  return {
    topics: unique(sns.flatMap(({ topic_arn: topic, target_arn: target }) => [topic, target])),
    hasSms: sns.some(({ phone_number: number }) => number !== undefined && number !== ''),
    callers: unique(phones.map(({ from }) => from)),
  };
};

const unique = (texts: readonly (string | undefined)[]): readonly string[] => [...new Set(texts.filter((text) => text !== undefined && text !== ''))] as string[];
