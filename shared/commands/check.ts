import { parseAlertmanagerFile } from '../alerting/alertmanager-file.ts';
import type { TemplateFile } from '../alerting/template-files.ts';
import type { AlertmanagerConfig } from '../alerting/receivers.ts';
import { allRoutes } from '../alerting/routing/route.ts';
import { parseRuleFile } from '../rules/rule-file.ts';
import { counted } from './progress.ts';

export interface NamedText {
  readonly file: string;
  readonly text: string;
}

export interface CheckReport {
  readonly ok: boolean;
  /** What to print: a line per file that is right, every error of those that are not; warnings of either. */
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

/** Reads an Alertmanager file as the notifier does, with the files of templates that it names; `warnOf` adds what only the machine knows. */
export const checkConfig = ({ file, text }: NamedText, templates: readonly TemplateFile[] = [], warnOf: (config: AlertmanagerConfig) => readonly string[] = () => []): CheckReport => {
  const { config, errors, warnings } = parseAlertmanagerFile(text, file, templates);
  return report([{ errors, warnings: [...warnings, ...(config === undefined ? [] : warnOf(config))], success: `${file}: ${config === undefined ? '' : describeConfig(config)}` }]);
};

const describeConfig = (config: AlertmanagerConfig): string =>
  [
    counted(config.receivers.length, 'receiver'),
    ...(config.inhibitRules.length === 0 ? [] : [counted(config.inhibitRules.length, 'inhibit rule')]),
    ...(config.timeIntervals.size === 0 ? [] : [counted(config.timeIntervals.size, 'time interval')]),
    ...(config.templates.size === 0 ? [] : [counted(config.templates.size, 'template')]),
    describeDestination(config),
  ].join(', ');

/** Where alerts go, in a few words. */
export const describeDestination = ({ route }: AlertmanagerConfig): string => {
  const routes = allRoutes(route).length - 1;
  return `alerts go ${routes === 0 ? '' : `by ${counted(routes, 'route')}, all others `}to "${route.receiver}"`;
};

const report = (files: readonly { readonly errors: readonly string[]; readonly warnings?: readonly string[]; readonly success: string }[]): CheckReport => ({
  ok: files.every(({ errors }) => errors.length === 0),
  lines: files.flatMap(({ errors, warnings = [], success }) => [...warnings, ...(errors.length === 0 ? [success] : errors)]),
});
