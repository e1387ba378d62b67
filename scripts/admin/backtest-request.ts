import { parseTimeMs } from '../../functions/query/params.ts';
import { parseAlertmanagerFile } from '../../shared/alerting/alertmanager-file.ts';
import type { AlertmanagerConfig } from '../../shared/alerting/receivers.ts';
import type { TemplateFile } from '../../shared/alerting/template-files.ts';
import { checkRange, countEvaluations, findSpans, splitRules } from '../../shared/backtest/backtest-plan.ts';
import type { BacktestPlan } from '../../shared/backtest/report.ts';
import type { DueRange } from '../../shared/backtest/slot-grid.ts';
import { installationWatermark } from '../../shared/catalog/watermarks.ts';
import type { BacktestRequest } from '../../shared/commands/backtest.ts';
import type { NamedText } from '../../shared/commands/check.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { parseRuleFiles } from '../../shared/rules/rule-file.ts';
import type { RuleGroup } from '../../shared/rules/rule-group.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import type { AdminPorts } from './admin-ports.ts';

/** For the catalog's rows alone: nothing is read into it. */
const NO_CACHE_BYTES = 0;

/** A backtest that can be run. */
export interface Tried {
  readonly after: readonly RuleGroup[];
  readonly before: readonly RuleGroup[] | undefined;
  readonly alertmanager: AlertmanagerConfig | undefined;
  readonly range: DueRange;
  readonly plan: BacktestPlan;
  readonly isDry: boolean;
}

/** @throws HttpFault, PermanentError naming what is wrong with the request. */
export const readTried = async (ports: AdminPorts, body: Uint8Array): Promise<Tried> => {
  const { files, against, alertmanager, from, to, dryRun } = requestOf(body);
  const after = groupsOf(files);
  const before = against === undefined ? undefined : groupsOf(against);
  const nowMs = ports.clockMs();
  const facts = { nowMs, watermarkMs: await installationWatermark(ports.catalog), keptMs: Math.max(...[ports, ...ports.classes].flatMap(({ retention }) => Object.values(retention))) };
  const checked = checkRange({ fromMs: timeOf('from', from), toMs: to === undefined ? undefined : timeOf('to', to) }, facts);
  const range = { fromMs: checked.fromMs, toMs: checked.toMs };
  const [known, others] = [splitRules(after), before === undefined ? undefined : splitRules(before)];
  const counts = [known, ...(others === undefined ? [] : [others])].map(({ groups }) => countEvaluations(groups, range));
  const sum = (name: keyof (typeof counts)[number]): number => counts.reduce((total, each) => total + each[name], 0);
  const spans = await findSpans({ ...ports, cache: makePieceCache(NO_CACHE_BYTES), nowMs }, range);
  const plan: BacktestPlan = { ...range, groups: sum('groups'), rules: sum('rules'), slots: sum('slots'), evaluations: sum('evaluations'), ...spans, notes: [...checked.notes, ...known.notes, ...(others?.notes ?? []).filter((note) => !known.notes.includes(note))] };
  return { after: known.groups, before: others?.groups, alertmanager: alertmanager === undefined ? undefined : configOf(alertmanager), range, plan, isDry: dryRun };
};

const requestOf = (body: Uint8Array): BacktestRequest => {
  const request = jsonOf(body) as BacktestRequest | undefined;
  if (request === undefined || !isRequest(request)) throw new HttpFault(400, 'backtest: found a body that is no request of it, JSON with files and from is allowed');
  return request;
};

const jsonOf = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString()) ?? undefined;
  } catch {
    return undefined;
  }
};

const isRequest = ({ files, against, alertmanager, from, to, dryRun }: BacktestRequest): boolean =>
  [files, against ?? []].every((list) => Array.isArray(list) && list.every(isFile)) &&
  against !== null &&
  (alertmanager === undefined || (isFile(alertmanager) && Array.isArray(alertmanager.templates) && alertmanager.templates.every(isTemplateFile))) &&
  typeof from === 'string' &&
  (to === undefined || typeof to === 'string') &&
  (dryRun === undefined || typeof dryRun === 'boolean');

const isFile = (one: Partial<NamedText> | null): boolean => typeof one?.file === 'string' && typeof one.text === 'string';

const isTemplateFile = (one: TemplateFile | null): boolean => typeof one?.file === 'string' && typeof ('text' in one ? one.text : one.problem) === 'string';

const groupsOf = (files: readonly NamedText[]): readonly RuleGroup[] => {
  const { rules, errors } = parseRuleFiles(files);
  if (errors.length > 0) throw new HttpFault(400, errors.join('\n'));
  return rules.groups;
};

const configOf = ({ file, text, templates }: NamedText & { readonly templates: readonly TemplateFile[] }): AlertmanagerConfig => {
  const { config, errors } = parseAlertmanagerFile(text, file, templates);
  if (config === undefined) throw new HttpFault(400, errors.join('\n'));
  return config;
};

const timeOf = (name: string, text: string): number => {
  const tMs = parseTimeMs(text);
  if (tMs === undefined) throw new HttpFault(400, `backtest: ${name}: found ${JSON.stringify(text.slice(0, 100))}, Unix seconds or RFC 3339 are allowed`);
  return tMs;
};
