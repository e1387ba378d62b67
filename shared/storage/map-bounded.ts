/** `map` over all items, at most `atOnce` under way, results in the order of the items. The first failure rejects, and no further item is begun. */
export const mapBounded = async <T, R>(items: readonly T[], atOnce: number, map: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  results.length = items.length;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      try {
        results[at] = await map(items[at] as T);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return results;
};
