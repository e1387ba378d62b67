import { array, assert, integer, option, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueHeap } from '../../../shared/embedded/due-heap.ts';
import type { Due } from '../../../shared/embedded/due-heap.ts';

const inOrder = (a: Due, b: Due): number => a.dueMs - b.dueMs || (a.id < b.id ? -1 : 1);

describe('due heap', () => {
  it('gives out what is due first, whatever the order of pushes and pops between', () => {
    assert(
      property(array(option(integer({ min: 0, max: 20 }), { freq: 3 })), (steps) => {
        const heap = new DueHeap<Due>();
        let model: Due[] = [];
        for (const [i, dueMs] of steps.entries()) {
          if (dueMs === null) {
            expect(heap.pop()).toEqual(model[0]);
            model = model.slice(1);
          } else {
            const item = { id: String(i).padStart(4, '0'), dueMs };
            heap.push(item);
            model = [...model, item].toSorted(inOrder);
          }
          expect([heap.first, heap.size]).toEqual([model[0], model.length]);
        }
      }),
    );
  });
});
