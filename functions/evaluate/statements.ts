import type { Scan } from '../../shared/alerting/cursors.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Rule, RuleGroup } from '../../shared/rules/rule-group.ts';
import { samplesOfAnswer } from '../../shared/rules/sql-samples.ts';
import type { SqlSample } from '../../shared/rules/sql-samples.ts';
import type { SlotStatement } from '../../shared/sql/slot-statement.ts';
import { SQL_TIMEOUT_MS } from './evaluate-ports.ts';
import type { EvaluatePorts, RuleSql } from './evaluate-ports.ts';

/** Statements of all groups that run at once: Athena takes some 20 of an account, DuckDB's children take memory each. */
const MAX_RUNNING = 4;

/** Behind the engine's own timeout: an engine that says nothing at all must not stop a group for ever. */
const GIVE_UP_MS = SQL_TIMEOUT_MS + 30_000;

type StatementOutcome = { readonly samples: readonly SqlSample[]; readonly scan: Scan } | { readonly error: string; readonly scan: Scan | undefined };

interface Statement {
  readonly query: string;
  /** By the wall clock; undefined while it waits for others. */
  startedAtMs: number | undefined;
  outcome: StatementOutcome | undefined;
  /** Whether nobody asks for it any more. */
  isDropped: boolean;
}

interface SlotStatements {
  readonly slotMs: number;
  readonly byRule: Map<string, Statement>;
}

/**
 * The statements of rules with `sql`, which take seconds: they run between ticks, and a group's slot waits for those of its own rules
 * alone. Lives as long as the evaluator's process or invocation, since a statement that is started is paid for.
 */
export class RunningStatements {
  /** One slot of a group at a time. */
  private readonly slots = new Map<string, SlotStatements>();
  private readonly waiting: { readonly statement: Statement; readonly run: () => void }[] = [];
  private running = 0;

  /** Starts what has not been started, and tells whether all of the slot's have ended. */
  areDone({ sql, clockMs }: Pick<EvaluatePorts, 'sql' | 'clockMs'>, group: RuleGroup, slotMs: number): boolean {
    const of = this.slotOf(group, slotMs);
    let done = true;
    for (const { id, query, source } of group.rules) {
      if (source.language !== 'sql') continue;
      let statement = of.byRule.get(id);
      if (statement?.query !== query) {
        if (statement !== undefined) statement.isDropped = true;
        statement = { query, startedAtMs: undefined, outcome: undefined, isDropped: false };
        of.byRule.set(id, statement);
        this.start(statement, source.statement, slotMs, sql, clockMs);
      }
      if (clockMs() - (statement.startedAtMs ?? Infinity) > GIVE_UP_MS) this.end(statement, { error: `run statement: found no end after ${GIVE_UP_MS} ms`, scan: undefined });
      done &&= statement.outcome !== undefined;
    }
    return done;
  }

  /** What a rule's statement gave in the group's slot, which is done. */
  take(group: RuleGroup, rule: Rule): StatementOutcome {
    return this.slots.get(group.id)?.byRule.get(rule.id)?.outcome ?? { error: 'run statement: found none that has ended', scan: undefined };
  }

  /** The slot whose statements have been asked for. */
  askedSlotMs(group: RuleGroup): number | undefined {
    return this.slots.get(group.id)?.slotMs;
  }

  /** Forgets a slot that has been evaluated. */
  forget(group: RuleGroup): void {
    this.slots.delete(group.id);
  }

  private slotOf(group: RuleGroup, slotMs: number): SlotStatements {
    const known = this.slots.get(group.id);
    if (known?.slotMs === slotMs) return known;
    for (const statement of known?.byRule.values() ?? []) statement.isDropped = true;
    const fresh = { slotMs, byRule: new Map<string, Statement>() };
    this.slots.set(group.id, fresh);
    return fresh;
  }

  private start(statement: Statement, parsed: SlotStatement, slotMs: number, sql: RuleSql | undefined, clockMs: () => number): void {
    const run = (): void => {
      this.running++;
      statement.startedAtMs = clockMs();
      void outcomeOf(sql, parsed, slotMs).then((outcome) => this.end(statement, outcome));
    };
    this.waiting.push({ statement, run });
    this.runWaiting();
  }

  /** Those of slots that were skipped meanwhile would only hold back the others, and cost. */
  private runWaiting(): void {
    while (this.running < MAX_RUNNING) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      if (!next.statement.isDropped) next.run();
    }
  }

  /** The first end counts. */
  private end(statement: Statement, outcome: StatementOutcome): void {
    if (statement.outcome !== undefined) return;
    statement.outcome = outcome;
    this.running--;
    this.runWaiting();
  }
}

/** Never rejects. */
const outcomeOf = async (sql: RuleSql | undefined, { text, slots }: SlotStatement, slotMs: number): Promise<StatementOutcome> => {
  let scan: Scan | undefined;
  try {
    if (sql === undefined) throw new Error('run statement: this installation has no SQL engine');
    const answer = await sql.run({ query: text, parameters: Array.from({ length: slots }, () => slotMs) });
    scan = { bytes: answer.bytesScanned, dollars: sql.dollars(answer.bytesScanned) };
    return { samples: samplesOfAnswer(answer), scan };
  } catch (error) {
    return { error: messageOf(error), scan };
  }
};
