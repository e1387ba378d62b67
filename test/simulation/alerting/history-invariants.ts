import type { ItemWrite } from '../../../shared/catalog/item-table.ts';
import type { SimItems } from '../sim-items.ts';
import { Violation } from '../truth.ts';
import { isOwn } from './state-invariants.ts';

/** Every transition that the table has seen is an event of the history, once, and nothing else is. */
export class HistoryInvariants {
  private readonly phases = new Map<string, { readonly key: string; readonly phase: string }>();
  /** How often each alert went from one state to another. */
  private readonly seen = new Map<string, number>();

  written(writes: readonly ItemWrite[]): void {
    for (const write of writes) {
      if ('put' in write && write.put.pk.startsWith('state#')) this.moved(`${write.put.pk} ${write.put.sk}`, String(write.put.attributes['labels']), String(write.put.attributes['phase']));
      if ('remove' in write && write.remove.pk.startsWith('state#')) this.moved(`${write.remove.pk} ${write.remove.sk}`, undefined, undefined);
    }
  }

  /** @throws Violation */
  check(table: SimItems): void {
    const rows = new Map<string, number>();
    for (const pk of table.partitionKeys()) {
      if (!pk.startsWith('history#alert_events#')) continue;
      for (const { attributes } of table.query(pk)) count(rows, `${String(attributes['labels'])} ${String(attributes['from_state'])} => ${String(attributes['to_state'])}`);
    }
    for (const name of new Set([...this.seen.keys(), ...rows.keys()])) {
      const [seen, found] = [this.seen.get(name) ?? 0, rows.get(name) ?? 0];
      // What begins twice has two beginnings (own-invariants.ts).
      if (isOwn(name) ? seen > found : seen !== found) throw new Violation('each transition is in the history once', `${name} came about ${seen} times, the history has ${found}`);
    }
  }

  private moved(item: string, key: string | undefined, phase: string | undefined): void {
    const before = this.phases.get(item);
    const from = before?.phase ?? 'inactive';
    const to = phase ?? 'inactive';
    if (from !== to) count(this.seen, `${key ?? before?.key ?? ''} ${from} => ${to}`);
    if (key === undefined || phase === undefined) this.phases.delete(item);
    else this.phases.set(item, { key, phase });
  }
}

const count = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
