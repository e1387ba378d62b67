import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { parseAlertmanagerFile } from '../../shared/alerting/alertmanager-file.ts';
import { type AlertmanagerConfig, NO_RECEIVERS } from '../../shared/alerting/receivers.ts';
import { type TemplateFile, templatePatterns } from '../../shared/alerting/template-files.ts';
import { describeDestination } from '../../shared/commands/check.ts';
import { type WatchedFile, watchFile, watchFolder, watchPatterns } from '../../shared/embedded/watched-files.ts';
import { secretFileWarnings } from '../secret-files.ts';
import type { RuleGroup, RuleSet } from '../../shared/rules/rule-group.ts';
import { parseRuleFile } from '../../shared/rules/rule-file.ts';

/** Tells a person something about a file of theirs. */
export type Say = (line: string) => void;

/** One rule file as it was last seen. */
interface LiveRuleFile {
  /** Its text, or why it could not be read. */
  readonly seen: string;
  /** What it said when it last read; undefined when it never did. */
  readonly good: { readonly text: string; readonly groups: readonly RuleGroup[] } | undefined;
}

/**
 * The rules of a folder as they are now. A file that does not read is named with all its errors, once, and what it said when
 * it last read goes on; the other files are not touched by it.
 */
export const liveRules = (folder: string, say: Say): (() => Promise<RuleSet>) => {
  const files = watchFolder(folder);
  let live: ReadonlyMap<string, LiveRuleFile> = new Map();
  let rules: RuleSet = { version: '', groups: [] };
  const read = async (): Promise<RuleSet> => {
    const changed = await files.changed();
    if (changed === undefined) return rules;
    live = new Map(changed.map((file) => [file.file, readRules(file, live.get(file.file), say)]));
    const { version } = rules;
    rules = ruleSetOf(live);
    if (rules.version !== version) say(`rules: ${rules.groups.reduce((sum, group) => sum + group.rules.length, 0)} in ${rules.groups.length} groups from ${folder}`);
    return rules;
  };
  return oneReading(read);
};

const readRules = (file: WatchedFile, before: LiveRuleFile | undefined, say: Say): LiveRuleFile => {
  const seen = 'text' in file ? file.text : file.problem;
  if (before?.seen === seen) return before;
  const { groups, errors } = 'text' in file ? parseRuleFile(file.text, file.file) : { groups: [], errors: [`${file.file}: ${file.problem}`] };
  if (errors.length === 0) return { seen, good: { text: seen, groups } };
  const kept = before?.good === undefined ? 'this file gives no rules until it reads' : 'the rules of this file go on as they were';
  say([...errors.map((error) => `${file.path}${error.slice(file.file.length)}`), kept].join('\n'));
  return { seen, good: before?.good };
};

const ruleSetOf = (files: ReadonlyMap<string, LiveRuleFile>): RuleSet => {
  const hash = createHash('sha256');
  for (const [file, { good }] of files) hash.update(JSON.stringify([file, good?.text ?? null]));
  const unreadFiles = [...files].flatMap(([file, { good }]) => (good === undefined ? [file] : []));
  return { version: hash.digest('hex').slice(0, 16), groups: [...files.values()].flatMap(({ good }) => good?.groups ?? []), unreadFiles };
};

/** The Alertmanager file as it is now, with its files of templates, under the same law. Without a file alerts are kept and shown, and nobody is told. */
export const liveAlertmanager = (path: string, say: Say): (() => Promise<AlertmanagerConfig>) => {
  const files = liveConfigFiles(path);
  let seen: string | undefined;
  let config: AlertmanagerConfig | undefined;
  const read = async (): Promise<AlertmanagerConfig> => {
    const changed = await files();
    if (changed !== undefined) {
      const { file, templates } = changed;
      const found = JSON.stringify([file, ...templates]);
      if (file === undefined) config = withoutFile(path, config, say);
      else if (found !== seen) config = readConfig(file, templates, say) ?? kept(config, say);
      seen = found;
    }
    // Alerts that fire now would be told to nobody, then or later.
    if (config === undefined) throw new Error(`read ${path}: found errors in it, and no receivers are known until it reads`);
    return config;
  };
  return oneReading(read);
};

interface ConfigFiles {
  /** Undefined when it is not there. */
  readonly file: WatchedFile | undefined;
  readonly templates: readonly WatchedFile[];
}

/** The file and the templates that it names; undefined while none of them has changed. */
const liveConfigFiles = (path: string): (() => Promise<ConfigFiles | undefined>) => {
  const watched = watchFile(path);
  let watchedTemplates = watchPatterns([], '');
  let files: ConfigFiles = { file: undefined, templates: [] };
  return async () => {
    const changed = await watched.changed();
    const [file] = changed ?? [files.file];
    if (changed !== undefined) watchedTemplates = watchPatterns(file !== undefined && 'text' in file ? templatePatterns(file.text) : [], dirname(path));
    const templates = await watchedTemplates.changed();
    files = { file, templates: templates ?? files.templates };
    return changed === undefined && templates === undefined ? undefined : files;
  };
};

const withoutFile = (path: string, before: AlertmanagerConfig | undefined, say: Say): AlertmanagerConfig => {
  if (before !== undefined && before !== NO_RECEIVERS) say(`alertmanager: ${path} is gone, nobody is told of alerts`);
  return NO_RECEIVERS;
};

const kept = (config: AlertmanagerConfig | undefined, say: Say): AlertmanagerConfig | undefined => {
  say(config === undefined ? 'alertmanager: no rule is evaluated until it reads' : 'receivers go on as they were');
  return config;
};

/** Undefined when the file does not read; its errors are told then. */
const readConfig = (file: WatchedFile, templates: readonly WatchedFile[], say: Say): AlertmanagerConfig | undefined => {
  const { path } = file;
  const { config, errors, warnings } = 'text' in file ? parseAlertmanagerFile(file.text, path, templates.map(asTemplateFile)) : { config: undefined, errors: [`${path}: ${file.problem}`], warnings: [] };
  say([...warnings, ...(config === undefined ? errors : [...secretFileWarnings(config, path), `alertmanager: ${describeDestination(config)} (${path})`])].join('\n'));
  return config;
};

/** Its errors name the whole path. */
const asTemplateFile = (watched: WatchedFile): TemplateFile => ({ ...watched, file: watched.path });

/** One reading for all who ask while it is under way: what it finds is told once. */
const oneReading = <T>(read: () => Promise<T>): (() => Promise<T>) => {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
};
