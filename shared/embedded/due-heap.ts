export interface Due {
  readonly id: string;
  readonly dueMs: number;
}

/** What is due first comes out first; of two that are due at once, the lesser id. */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    let at = this.#items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(this.#at(parent), item)) break;
      this.#items[at] = this.#at(parent);
      at = parent;
    }
    this.#items[at] = item;
  }

  pop(): T | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#sink(last);
    return first;
  }

  /** Puts the item at the top, and lets it sink to its place. */
  #sink(item: T): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#items.length) break;
      if (child + 1 < this.#items.length && isBefore(this.#at(child + 1), this.#at(child))) child++;
      if (isBefore(item, this.#at(child))) break;
      this.#items[at] = this.#at(child);
      at = child;
    }
    this.#items[at] = item;
  }

  #at(index: number): T {
    return this.#items[index] as T;
  }
}

const isBefore = (a: Due, b: Due): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.id < b.id);
