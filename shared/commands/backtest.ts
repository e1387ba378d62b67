import type { TemplateFile } from '../alerting/template-files.ts';
import { parseAlertmanagerFile } from '../alerting/alertmanager-file.ts';
import { compareReports } from '../backtest/compare-reports.ts';
import { drawReport } from '../backtest/picture.ts';
import type { BacktestMessage, BacktestPlan } from '../backtest/report.ts';
import { PermanentError } from '../errors.ts';
import { parseRuleFiles } from '../rules/rule-file.ts';
import type { RuleGroup } from '../rules/rule-group.ts';
import { type Api, callLines } from './api.ts';
import { costLine, diffMarkdown, diffText, planLines, reportText } from './backtest-text.ts';
import type { CheckReport, NamedText } from './check.ts';
import { counted, progressBar } from './progress.ts';

/** What the tool is asked. */
export interface BacktestRequest {
  readonly files: readonly NamedText[];
  /** The rules as they were. */
  readonly against?: readonly NamedText[];
  readonly alertmanager?: NamedText & { readonly templates: readonly TemplateFile[] };
  /** Unix seconds or RFC 3339. */
  readonly from: string; // inclusive
  /** All that is surely stored where it is left out. */
  readonly to?: string; // exclusive
  readonly dryRun: boolean;
}

export interface BacktestOptions extends BacktestRequest {
  readonly json: boolean;
  /** Of a difference: for the comment of a pull request. */
  readonly markdown: boolean;
  /** Takes a time line as SVG. */
  readonly picture?: (svg: string) => void;
  readonly progress: (text: string) => void;
}

type Done = Extract<BacktestMessage, { readonly done: unknown }>['done'];

/**
 * Tries rules on history, in the installation: what they would have done, or what a change of them changes. Not ok when a file is
 * wrong. It changes nothing, and to interrupt it is fine.
 */
export const backtest = async (api: Api, options: BacktestOptions): Promise<CheckReport> => {
  const { json, markdown, picture, progress, ...request } = options;
  if (markdown && request.against === undefined) throw new PermanentError('backtest: found --markdown without --against, it is for a difference');
  const [after, before] = [groupsOf(request.files), groupsOf(request.against ?? [])];
  const { alertmanager } = request;
  const errors = [...after.errors, ...before.errors, ...(alertmanager === undefined ? [] : parseAlertmanagerFile(alertmanager.text, alertmanager.file, alertmanager.templates).errors)];
  if (errors.length > 0) return { ok: false, lines: errors };
  const { plan, done } = await run(api, request, progress);
  if (done === undefined) return { ok: true, lines: json ? [JSON.stringify({ plan })] : planLines(plan) };
  picture?.(drawReport(done.after, plan, request.files.map(({ file }) => file.split('/').at(-1) ?? file).join(', ')));
  return { ok: true, lines: linesOf({ plan, done, options, after: after.groups, before: before.groups }) };
};

const groupsOf = (files: readonly NamedText[]): { readonly groups: readonly RuleGroup[]; readonly errors: readonly string[] } => {
  const { rules, errors } = parseRuleFiles(files);
  return { groups: rules.groups, errors };
};

const run = async (api: Api, request: BacktestRequest, progress: BacktestOptions['progress']): Promise<{ readonly plan: BacktestPlan; readonly done: Done | undefined }> => {
  let plan: BacktestPlan | undefined;
  let done: Done | undefined;
  for await (const line of callLines(api, '/api/v1/admin/backtest', { method: 'POST', body: JSON.stringify(request), contentType: 'application/json' })) {
    const message = JSON.parse(line) as BacktestMessage;
    if ('error' in message) throw new PermanentError(message.error);
    if ('plan' in message) plan = message.plan;
    else if ('done' in message) done = message.done;
    else progress(progressBar(message.progress.slots, message.progress.of, 'slots', counted(message.progress.alerts, 'alert')));
  }
  if (plan === undefined || (done === undefined && !request.dryRun)) throw new PermanentError('backtest: found an answer that ends before its report, run it again');
  return { plan, done };
};

interface Result {
  readonly plan: BacktestPlan;
  readonly done: Done;
  readonly options: BacktestOptions;
  readonly after: readonly RuleGroup[];
  readonly before: readonly RuleGroup[];
}

const linesOf = ({ plan, done, options, ...groups }: Result): readonly string[] => {
  const { after, before, cost } = done;
  if (before === undefined) return options.json ? [JSON.stringify({ plan, ...after, cost })] : [...planLines(plan), '', reportText(after), '', costLine(cost)];
  const diff = compareReports({ groups: groups.before, report: before }, { groups: groups.after, report: after });
  if (options.json) return [JSON.stringify({ plan, before, after, diff, cost })];
  if (options.markdown) return [diffMarkdown(diff, plan)];
  return [...planLines(plan), '', reportText(after), '', diffText(diff), '', costLine(cost)];
};
