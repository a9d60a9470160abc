/**
 * Returns the index of the first item that a condition holds for, by binary search; the number of items if it holds for none.
 * @param items in an order in which the condition, once it holds, holds for all later items
 */
export function partitionPoint<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
