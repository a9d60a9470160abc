/** A place in a file that is written in order, although its parts are computed at the same time. */
export interface InOrder<Item> {
  /** Adds an item to a part: written at once if all earlier parts are, else kept until then. */
  add(part: number, item: Item): void;
  /** Says that a part has no more items. */
  end(part: number): void;
  /** Parts that are written completely. */
  readonly written: number;
}

/**
 * Writes the items of parts 0, 1, 2 … in order.
 * @param write called with each item, part after part
 */
export function writeInOrder<Item>(write: (item: Item) => void): InOrder<Item> {
  /** The items of later parts. */
  const kept = new Map<number, Item[]>();
  const ended = new Set<number>();
  let written = 0;
  return {
    get written() {
      return written;
    },
    add(part, item) {
      if (part === written) write(item);
      else {
        const items = kept.get(part);
        if (items === undefined) kept.set(part, [item]);
        else items.push(item);
      }
    },
    end(part) {
      ended.add(part);
      while (ended.delete(written)) {
        written++;
        const items = kept.get(written) ?? [];
        kept.delete(written);
        for (const item of items) write(item);
      }
    },
  };
}
