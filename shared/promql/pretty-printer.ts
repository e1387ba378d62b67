import type { Expr } from './ast.ts';
import { printAggregation, printMatching, printNode, printSubqueryTimes } from './printer.ts';

/** Prometheus breaks expressions that take more bytes than this on one line (promql/parser/prettier.go). */
const MAX_LINE_BYTES = 100;

const indent = (level: number): string => '  '.repeat(level);

/** Prints one expression. The one-line form of every node is made once, of those of its children, so the work grows with the expression. */
class PrettyPrinter {
  private readonly oneLine: Map<Expr, string> = new Map();

  private readonly onOneLine = (expr: Expr): string => {
    const known = this.oneLine.get(expr);
    if (known !== undefined) return known;
    const text = printNode(expr, this.onOneLine);
    this.oneLine.set(expr, text);
    return text;
  };

  private isLong(expr: Expr): boolean {
    const text = this.onOneLine(expr);
    // Bytes are counted only where they can matter: that makes one flat text of all pieces.
    return text.length > MAX_LINE_BYTES || Buffer.byteLength(text, 'utf8') > MAX_LINE_BYTES;
  }

  print(expr: Expr, level: number): string {
    const at = indent(level);
    if (expr.kind === 'unary') return `${at}${expr.op}${this.print(expr.expr, level).trim()}`;
    if (!this.isLong(expr)) return `${expr.kind === 'subquery' ? '' : at}${this.onOneLine(expr)}`;
    switch (expr.kind) {
      case 'paren':
        return `${at}(\n${this.print(expr.expr, level + 1)}\n${at})`;
      case 'subquery':
        return `${this.print(expr.expr, level)}${printSubqueryTimes(expr)}`;
      case 'binary':
        return `${this.print(expr.lhs, level + 1)}\n${at}${expr.op}${printMatching(expr)}\n${this.print(expr.rhs, level + 1)}`;
      case 'aggregate':
        return `${at}${printAggregation(expr)}(\n${this.list(expr.param === undefined ? [expr.expr] : [expr.param, expr.expr], level + 1)}\n${at})`;
      case 'call':
        return `${at}${expr.name}(\n${this.list(expr.args, level + 1)}\n${at})`;
      default:
        return `${at}${this.onOneLine(expr)}`;
    }
  }

  private list(exprs: readonly Expr[], level: number): string {
    return exprs.map((expr) => this.print(expr, level)).join(',\n');
  }
}

/** An expression as Prometheus formats it: on one line, or broken and indented where it is long. Parsing it gives the same expression. */
export const prettyPrint = (expr: Expr): string => new PrettyPrinter().print(expr, 0);
