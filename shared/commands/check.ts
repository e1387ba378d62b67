import { parseAlertmanagerFile } from '../alerting/alertmanager-file.ts';
import { parseRuleFile } from '../rules/rule-file.ts';
import { counted } from './progress.ts';

export interface NamedText {
  readonly file: string;
  readonly text: string;
}

export interface CheckReport {
  readonly ok: boolean;
  /** What to print: a line per file that is right, every error of those that are not. */
  readonly lines: readonly string[];
}

/** Reads rule files as the evaluator does. */
export const checkRules = (files: readonly NamedText[]): CheckReport =>
  report(
    files.map(({ file, text }) => {
      const { groups, errors } = parseRuleFile(text, file);
      const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
      return { errors, success: `${file}: ${counted(rules, 'rule')} in ${counted(groups.length, 'group')}` };
    }),
  );

/** Reads an Alertmanager file as the notifier does. */
export const checkConfig = ({ file, text }: NamedText): CheckReport => {
  const { config, errors } = parseAlertmanagerFile(text, file);
  return report([{ errors, success: `${file}: ${counted(config?.receivers.length ?? 0, 'receiver')}, alerts go to "${config?.receiver ?? ''}"` }]);
};

const report = (files: readonly { readonly errors: readonly string[]; readonly success: string }[]): CheckReport => ({
  ok: files.every(({ errors }) => errors.length === 0),
  lines: files.flatMap(({ errors, success }) => (errors.length === 0 ? [success] : errors)),
});
