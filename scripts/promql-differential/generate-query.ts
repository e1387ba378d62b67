import type { Random } from '../../test/simulation/random.ts';
import { bucketRange, bucketSelector, drawShape, RANGE_FUNCTIONS, type RangeFunction, rangeSelector, shapeNode, subquery } from './generate-matrix.ts';
import { type Likeness, type QueryNode, textOf } from './query-node.ts';
import { SHAPES } from './series.ts';

const NUMBERS = ['0', '1', '-1', '0.5', '2', '3', '100', '10000', '1e6', '0x1F', 'Inf', '-Inf', 'NaN'];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='];
const SETS = ['and', 'or', 'unless'];
/** The label of count_values(): behind all others. */
const COUNTED = 'zvalue';
/** The same bits of the same bits. */
const EXACT_FUNCTIONS = ['ceil', 'floor', 'round', 'sgn', 'sqrt'];
const ELEMENTARY = 'exp ln log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh deg rad'.split(' ');
const DATES = 'minute hour day_of_week day_of_month day_of_year days_in_month month year'.split(' ');
const GROUPABLE = ['job', 'instance', 'zone'];

/** Draws queries of the grammar of 2.42 that keep clear of what is known to differ (`KNOWN_DIFFERENCES`). */
export class QueryGenerator {
  private readonly random: Random;
  private readonly productions: readonly ((depth: number, limit: Likeness) => QueryNode | undefined)[];

  constructor(random: Random) {
    this.random = random;
    this.productions = [
      (depth, limit) => this.aggregate(depth, limit),
      (depth, limit) => this.aggregate(depth, limit),
      (depth, limit) => this.overRange(depth, limit),
      (depth, limit) => this.overRange(depth, limit),
      (depth, limit) => this.overRange(depth, limit),
      (depth, limit) => this.call(depth, limit),
      (depth, limit) => this.vectorAndScalar(depth, limit),
      (depth, limit) => this.vectors(depth, limit),
      (depth, limit) => this.sets(depth, limit),
      (depth, limit) => this.relabel(depth, limit),
      () => this.ranked(),
      (depth, limit) => this.special(depth, limit),
    ];
  }

  /** A whole query, at most 4 deep, and whether it can be asked over a range. */
  query(): { readonly node: QueryNode; readonly isInstantOnly: boolean } {
    const kind = this.random.next();
    if (kind < 0.03) return { node: rangeSelector(this.random), isInstantOnly: true };
    if (kind < 0.07) return { node: this.scalar(3, 2), isInstantOnly: false };
    return { node: this.vector(this.random.int(2, 4), 2), isInstantOnly: false };
  }

  private vector(depth: number, limit: Likeness): QueryNode {
    for (let tries = depth > 1 ? 10 : 0; tries > 0; tries--) {
      const node = this.random.pick(this.productions)(depth - 1, limit);
      if (node !== undefined && node.likeness <= limit) return node;
    }
    return shapeNode(this.random, drawShape(this.random));
  }

  private scalar(depth: number, limit: Likeness): QueryNode {
    const base = { type: 'scalar', keys: [], isSteady: false } as const;
    const kind = this.random.next();
    if (depth > 1 && kind < 0.15) {
      const inner = this.vector(depth - 1, limit);
      return { ...base, parts: ['scalar(', inner, ')'], likeness: inner.likeness };
    }
    if (depth > 1 && limit > 0 && kind < 0.3) {
      const [lhs, rhs] = [this.scalar(depth - 1, 1), this.scalar(depth - 1, 1)];
      return { ...base, parts: ['(', lhs, ` ${this.random.pick(['+', '-', '*', '/', '%', '> bool', '== bool'])} `, rhs, ')'], likeness: 1 };
    }
    if (kind < 0.4) return { ...base, parts: ['time()'], likeness: 0 };
    return { ...base, parts: [this.random.pick(NUMBERS)], likeness: 0 };
  }

  /** `sum by (job) (…)` */
  private aggregate(depth: number, limit: Likeness): QueryNode | undefined {
    const op = this.random.pick(['sum', 'sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar', 'quantile', 'count_values']);
    const needs: Likeness = ['stddev', 'stdvar', 'quantile', 'count_values'].includes(op) ? 1 : 2;
    const isNear = ['avg', 'stddev', 'stdvar', 'quantile'].includes(op);
    if (isNear && limit < 2) return undefined;
    const inner = this.inner(depth, op === 'sum' && limit < 2 ? 0 : ['count', 'group'].includes(op) ? 2 : (Math.min(needs, limit) as Likeness), op);
    const likeness: Likeness = isNear || (op === 'sum' && inner.likeness > 0) ? 2 : ['count', 'group', 'count_values'].includes(op) ? 0 : inner.likeness;
    const { clause, keys } = this.grouping(inner.keys);
    const param = op === 'quantile' ? `${this.random.pick(['0', '0.3', '0.5', '0.99', '1'])}, ` : op === 'count_values' ? `"${COUNTED}", ` : '';
    return {
      type: 'vector',
      parts: [`${op}${clause} (${param}`, ...(op.startsWith('std') ? ['((', inner, ') > -1e5) < 1e5'] : [inner]), ')'],
      likeness,
      keys: op === 'count_values' ? [...keys, COUNTED] : keys,
      isSteady: inner.isSteady && op === 'sum' && inner.parts.length === 1 && SHAPES.some(({ metric, isGapless }) => isGapless && String(inner.parts[0]).startsWith(metric)),
    };
  }

  /** Several names are left to those who do not add what they drop. */
  private inner(depth: number, limit: Likeness, op: string): QueryNode {
    if (!['min', 'max', 'count', 'group'].includes(op) || !this.random.chance(0.08)) return this.vector(depth, limit);
    const names = [this.random.pick(SHAPES).metric, this.random.pick(SHAPES).metric];
    return { type: 'vector', parts: [`{__name__=~"${names.join('|')}"}`], likeness: 0, keys: ['instance', 'job'], isSteady: false };
  }

  private grouping(known: readonly string[]): { readonly clause: string; readonly keys: readonly string[] } {
    const kind = this.random.next();
    if (kind < 0.25) return { clause: '', keys: [] };
    const chosen = GROUPABLE.filter(() => this.random.chance(0.5));
    if (kind < 0.7) return { clause: ` by (${chosen.join(', ')})`, keys: known.filter((key) => chosen.includes(key)) };
    return { clause: ` without (${chosen.join(', ')})`, keys: known.filter((key) => !chosen.includes(key)) };
  }

  private overRange(depth: number, limit: Likeness): QueryNode | undefined {
    const candidates = RANGE_FUNCTIONS.filter(({ gives }) => gives(0) <= limit);
    const chosen = this.random.pick(candidates);
    const argument = this.matrix(depth, chosen, limit);
    if (argument === undefined || (chosen.refusesPins === true && textOf(argument).includes('@'))) return undefined;
    const [before, behind] = chosen.render(this.random);
    const keys = chosen.dropsKeys === true ? [] : argument.keys;
    return { type: 'vector', parts: [before, argument, behind], likeness: chosen.gives(argument.likeness), keys, isSteady: false };
  }

  private matrix(depth: number, { needs, gives, needsSteady }: RangeFunction, limit: Likeness): QueryNode | undefined {
    if (depth < 2 || this.random.chance(0.6)) return rangeSelector(this.random);
    const worst = ([2, 1, 0] as const).find((likeness) => likeness <= needs && gives(likeness) <= limit);
    if (worst === undefined) return undefined;
    const inner = needsSteady === true ? this.steady() : this.vector(depth - 1, worst);
    return subquery(this.random, inner);
  }

  private steady(): QueryNode {
    const selector = shapeNode(this.random, drawShape(this.random));
    return this.random.chance(0.5) ? selector : shapeNode(this.random, this.random.pick(SHAPES));
  }

  private call(depth: number, limit: Likeness): QueryNode | undefined {
    const kind = this.random.next();
    if (kind < 0.35) {
      const inner = this.vector(depth, Math.min(limit, 1) as Likeness);
      return limit === 0 ? undefined : this.over(inner, [`${this.random.pick(EXACT_FUNCTIONS)}(`, inner, ')'], 1);
    }
    if (kind < 0.6) {
      if (limit < 2) return undefined;
      const inner = this.vector(depth, 1);
      return this.over(inner, [`${this.random.pick(ELEMENTARY)}(`, inner, ')'], 2);
    }
    const inner = this.vector(depth, limit);
    if (kind < 0.7) return this.over(inner, ['clamp(', inner, `, ${this.random.pick(['-10', '0', '100'])}, ${this.random.pick(['10', '12000', '-20'])})`], inner.likeness);
    if (kind < 0.8) return this.over(inner, [`${this.random.pick(['clamp_min', 'clamp_max'])}(`, inner, `, ${this.random.pick(NUMBERS)})`], inner.likeness);
    return this.over(inner, [this.random.pick(['abs(', '-(', 'sort(', 'sort_desc(']), inner, ')'], inner.likeness);
  }

  private over(inner: QueryNode, parts: QueryNode['parts'], likeness: Likeness): QueryNode {
    return { type: 'vector', parts, likeness, keys: inner.keys, isSteady: false };
  }

  private vectorAndScalar(depth: number, limit: Likeness): QueryNode | undefined {
    const isComparison = this.random.chance(0.45);
    if (!isComparison && limit === 0) return undefined;
    const scalar = this.scalar(depth, 1);
    const op = this.random.pick(isComparison ? COMPARISONS.flatMap((each) => [each, `${each} bool`]) : ARITHMETIC);
    const vector = this.operand(op, this.vector(depth, Math.min(limit, 1) as Likeness));
    const likeness: Likeness = op.endsWith('bool') ? 0 : isComparison ? vector.likeness : this.arithmetic(op);
    const parts = this.random.chance(0.5) ? ['(', vector, ` ${op} `, scalar, ')'] : ['(', scalar, ` ${op} `, vector, ')'];
    return this.over(vector, parts, likeness);
  }

  /** 2.42 leaves the names of what stands beside atan2. */
  private operand(op: string, inner: QueryNode): QueryNode {
    return op === 'atan2' ? this.over(inner, ['abs(', inner, ')'], inner.likeness) : inner;
  }

  private arithmetic(op: string): Likeness {
    return op === '^' || op === 'atan2' ? 2 : 1;
  }

  /** Between vectors whose labels are the same, or of which one has fewer. */
  private vectors(depth: number, limit: Likeness): QueryNode | undefined {
    const isComparison = this.random.chance(0.4);
    if (!isComparison && limit === 0) return undefined;
    const below = Math.min(limit, 1) as Likeness;
    const isBool = isComparison && this.random.chance(0.4);
    const symbol = this.random.pick(isComparison ? COMPARISONS : ARITHMETIC);
    const [lhs, rhs] = [this.operand(symbol, this.vector(depth, below)), this.operand(symbol, this.vector(depth, below))];
    const matching = this.matching(lhs, rhs, isComparison && !isBool);
    if (matching === undefined) return undefined;
    const likeness: Likeness = isBool ? 0 : isComparison ? lhs.likeness : this.arithmetic(symbol);
    const keys = matching.includes('group_right') ? rhs.keys : lhs.keys;
    return { ...this.over(lhs, ['(', lhs, ` ${symbol}${isBool ? ' bool' : ''} ${matching}`, rhs, ')'], likeness), keys };
  }

  private matching(lhs: QueryNode, rhs: QueryNode, isFilter: boolean): string | undefined {
    const [left, right] = [lhs.keys, rhs.keys];
    if (left.join() === right.join()) return this.random.pick(['', '', `on (${left.join(', ')}) `, 'ignoring (zone) ']);
    if (right.every((key) => left.includes(key))) return `on (${right.join(', ')}) group_left () `;
    if (left.every((key) => right.includes(key)) && !isFilter) return `on (${left.join(', ')}) group_right () `;
    return this.random.chance(0.1) ? '' : undefined;
  }

  private sets(depth: number, limit: Likeness): QueryNode | undefined {
    const op = this.random.pick(SETS);
    const lhs = this.vector(depth, limit);
    const rhs = this.vector(depth, op === 'or' ? limit : 2);
    const isSame = lhs.keys.join() === rhs.keys.join();
    if (op === 'or' && !isSame) return undefined;
    const shared = lhs.keys.filter((key) => rhs.keys.includes(key));
    const matching = isSame ? '' : `on (${shared.join(', ')}) `;
    if (op !== 'or') return this.over(lhs, ['(', lhs, ` ${op} ${matching}`, rhs, ')'], lhs.likeness);
    return this.over(lhs, ['(max without () (', lhs, ') or max without () (', rhs, '))'], Math.max(lhs.likeness, rhs.likeness) as Likeness);
  }

  private relabel(depth: number, limit: Likeness): QueryNode {
    const inner = this.vector(depth, limit);
    const edit = this.random.pick([', "zone", "z-$1", "job", "(.*)")', ', "zone", "$2$1", "instance", "(.)(x?)")', ', "zone", "x", "job", "b")', ', "zone", "", "job", ".*")']);
    if (this.random.chance(0.7)) return this.over(inner, ['label_replace(', inner, edit], inner.likeness);
    return this.over(inner, ['label_join(', inner, ', "zone", "-", "job", "instance")'], inner.likeness);
  }

  /** Over values that differ: 2.42 breaks ties in another way. */
  private ranked(): QueryNode {
    const shape = this.random.pick(SHAPES.filter(({ isDistinct }) => isDistinct));
    const inner = shapeNode(this.random, shape);
    const clause = this.random.pick(['', ' by (job)', ' without (instance)']);
    return this.over(inner, [`${this.random.pick(['topk', 'bottomk'])}${clause} (${this.random.pick(['0', '1', '2', '4'])}, `, inner, ')'], 0);
  }

  private special(depth: number, limit: Likeness): QueryNode | undefined {
    const base = { type: 'vector', isSteady: false } as const;
    const kind = this.random.next();
    if (kind < 0.25) {
      const inner = this.scalar(depth, limit);
      return { ...base, parts: ['vector(', inner, ')'], likeness: inner.likeness, keys: [] };
    }
    if (kind < 0.45) return { ...base, parts: ['absent(', shapeNode(this.random, drawShape(this.random)), ')'], likeness: 0, keys: [] };
    if (kind < 0.6) {
      const inner = this.vector(depth, 2);
      return { ...base, parts: ['timestamp(', inner, ')'], likeness: 0, keys: inner.keys };
    }
    if (kind < 0.75) {
      const inner = this.vector(depth, 1);
      return { ...base, parts: [`${this.random.pick(DATES)}((`, inner, ') > -1e10 < 1e10)'], likeness: 0, keys: inner.keys };
    }
    if (limit < 2) return undefined;
    const buckets = this.random.chance(0.5) ? ['rate(', bucketRange(this.random), ')'] : [bucketSelector(this.random)];
    const q = this.random.pick(['0', '0.1', '0.5', '0.9', '1', '-1', '2']);
    return { ...base, parts: [`histogram_quantile(${q}, `, ...buckets, ')'], likeness: 2, keys: ['job'] };
  }
}
