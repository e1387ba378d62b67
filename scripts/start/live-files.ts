import { createHash } from 'node:crypto';
import { parseAlertmanagerFile } from '../../shared/alerting/alertmanager-file.ts';
import { type AlertmanagerConfig, NO_RECEIVERS } from '../../shared/alerting/receivers.ts';
import { type WatchedFile, watchFile, watchFolder } from '../../shared/embedded/watched-files.ts';
import type { RuleGroup, RuleSet } from '../../shared/rules/rule-group.ts';
import { parseRuleFile } from '../../shared/rules/rule-file.ts';

/** Tells a person something about a file of theirs. */
export type Say = (line: string) => void;

/**
 * The rules of a folder as they are now. A file that does not read is named with all its errors, once, and what it said when
 * it last read goes on; the other files are not touched by it.
 */
export const liveRules = (folder: string, say: Say): (() => Promise<RuleSet>) => {
  const files = watchFolder(folder);
  const lastGood = new Map<string, { text: string; groups: readonly RuleGroup[] }>();
  let rules: RuleSet = { version: '', groups: [] };
  return async () => {
    const changed = await files.changed();
    if (changed === undefined) return rules;
    const present = new Set(changed.map(({ file }) => file));
    for (const file of lastGood.keys()) if (!present.has(file)) lastGood.delete(file);
    for (const { file, path, text } of changed) {
      if (lastGood.get(file)?.text === text) continue;
      const { groups, errors } = parseRuleFile(text, file);
      if (errors.length === 0) lastGood.set(file, { text, groups });
      else say([...errors.map((error) => error.replace(file, path)), keptText(lastGood.has(file))].join('\n'));
    }
    rules = ruleSetOf(lastGood);
    say(`rules: ${rules.groups.reduce((sum, group) => sum + group.rules.length, 0)} in ${rules.groups.length} groups from ${folder}`);
    return rules;
  };
};

const keptText = (hasEarlier: boolean): string => (hasEarlier ? 'the rules of this file go on as they were' : 'this file gives no rules until it reads');

const ruleSetOf = (files: ReadonlyMap<string, { text: string; groups: readonly RuleGroup[] }>): RuleSet => {
  const hash = createHash('sha256');
  for (const [file, { text }] of files) hash.update(JSON.stringify([file, text]));
  return { version: hash.digest('hex').slice(0, 16), groups: [...files.values()].flatMap(({ groups }) => groups) };
};

/** The Alertmanager file as it is now, under the same law. Without a file alerts are kept and shown, and nobody is told. */
export const liveAlertmanager = (path: string, say: Say): (() => Promise<AlertmanagerConfig>) => {
  const files = watchFile(path);
  let config: AlertmanagerConfig = NO_RECEIVERS;
  return async () => {
    const changed = await files.changed();
    if (changed !== undefined) config = changed[0] === undefined ? NO_RECEIVERS : readConfig(changed[0], config, say);
    return config;
  };
};

const readConfig = ({ path, text }: WatchedFile, before: AlertmanagerConfig, say: Say): AlertmanagerConfig => {
  const { config, errors } = parseAlertmanagerFile(text, path);
  if (config === undefined) {
    say([...errors, 'receivers go on as they were'].join('\n'));
    return before;
  }
  say(`alertmanager: alerts go to "${config.receiver}" (${path})`);
  return config;
};
