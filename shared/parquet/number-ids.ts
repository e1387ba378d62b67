/** Distinct numbers by id, in order of their first use: a hash table over typed arrays (a Map of doubles made scaling a tenth slower). */
export class NumberIds {
  private numbers = new Float64Array(64);
  private count = 0;
  /** Id + 1 by hash, open addressing; 0 is free. At most half full, a power of two long. */
  private slots = new Int32Array(128);
  private readonly number = new Float64Array(1);
  private readonly halves = new Int32Array(this.number.buffer);

  idOf(number: number): number {
    let at = this.hash(number);
    for (let id = this.slots[at] as number; id !== 0; id = this.slots[at] as number) {
      if (this.numbers[id - 1] === number) return id - 1;
      at = (at + 1) & (this.slots.length - 1);
    }
    if (this.count === this.numbers.length) {
      this.grow();
      return this.idOf(number);
    }
    this.numbers[this.count++] = number;
    this.slots[at] = this.count;
    return this.count - 1;
  }

  /** The numbers by id, over the table's memory: take them when nothing more is added. */
  build(): Float64Array {
    return this.numbers.subarray(0, this.count);
  }

  private hash(number: number): number {
    this.number[0] = number;
    const mixed = Math.imul((this.halves[0] as number) ^ Math.imul(this.halves[1] as number, 0x21f0aaad), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) & (this.slots.length - 1);
  }

  private grow(): void {
    const numbers = new Float64Array(this.numbers.length * 2);
    numbers.set(this.numbers);
    this.numbers = numbers;
    this.slots = new Int32Array(this.slots.length * 2);
    for (let id = 0; id < this.count; id++) {
      let at = this.hash(numbers[id] as number);
      while (this.slots[at] !== 0) at = (at + 1) & (this.slots.length - 1);
      this.slots[at] = id + 1;
    }
  }
}
