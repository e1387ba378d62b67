import { parseAlertmanagerFile } from '../shared/alerting/alertmanager-file.ts';
import { NO_RECEIVERS, type AlertmanagerConfig } from '../shared/alerting/receivers.ts';
import { PermanentError } from '../shared/errors.ts';
import { parseRuleFiles } from '../shared/rules/rule-file.ts';
import type { RuleSet } from '../shared/rules/rule-group.ts';

/** Constants that the bundler writes into the code (infra/embedded-files.ts): a deploy is what changes rules and routes. */
declare const TIDEMARK_RULES: readonly { readonly file: string; readonly text: string }[];
declare const TIDEMARK_ALERTMANAGER: string | null;
declare const TIDEMARK_TEMPLATES: readonly { readonly file: string; readonly text: string }[];

const refuse = (what: string, errors: readonly string[]): never => {
  throw new PermanentError(`read ${what}: ${errors.join('\n')}`);
};

const once = <T>(read: () => T): (() => T) => {
  let value: { readonly read: T } | undefined;
  return () => (value ??= { read: read() }).read;
};

/** The rules of the deployment. Throws while a file has errors, with all of them: no rules would resolve every alert. */
export const ruleSet = once((): RuleSet => {
  const { rules, errors } = parseRuleFiles(TIDEMARK_RULES);
  return errors.length > 0 ? refuse('rule files', errors) : rules;
});

/** Where alerts go: nowhere when the deployment names no file. Throws while the file has errors. */
export const alertmanagerConfig = once((): AlertmanagerConfig => {
  if (TIDEMARK_ALERTMANAGER === null) return NO_RECEIVERS;
  const { config, errors } = parseAlertmanagerFile(TIDEMARK_ALERTMANAGER, 'alertmanager.yml', TIDEMARK_TEMPLATES);
  return config ?? refuse('alertmanager file', errors);
});
