import { HoldfastError } from '../errors.js';
import type { BpeModel } from './components.js';

/** A token of a piece of text, and the length of the text it stands for. */
export interface Word {
  readonly id: number;
  readonly length: number;
}

interface Options {
  /** Ids that a piece never becomes. */
  readonly forbidden: ReadonlySet<number>;
  /** Returns the length of a character; without bytes that stand for it, a byte token has length 1. */
  readonly lengthOf: (character: string) => number;
  /** The name in errors. */
  readonly name: string;
}

/** Bits that hold a position in a heap entry. */
const POSITIONS = 2 ** 26;

/**
 * Creates the merging of a byte-pair encoding (Sennrich et al., ACL 2016, algorithm 1), with the rules of the Rust
 * library `tokenizers` 0.23 for characters that are no token. A piece begins as characters; the pair of neighbours that
 * comes first in the list of merges is merged, the leftmost first, until no pair is in the list.
 * @throws HoldfastError `E_TOKENIZER` for a merge of tokens that are not in the vocabulary
 */
export function createBpe(
  model: BpeModel,
  { forbidden, lengthOf, name }: Options,
): (piece: string) => Word[] {
  const { vocab: idOf, byte_fallback: fallsBack, ignore_merges: ignoresMerges, fuse_unk: fuses } = model;
  let size = 0;
  for (const id of idOf.values()) size = Math.max(size, id + 1);

  const merged: number[] = []; // [rank], the id of the merged token
  const rankOf = new Map<number, number>(); // keyed by left · size + right
  model.merges.forEach(([left, right], rank) => {
    const from = idOf.get(left);
    const next = idOf.get(right);
    const to = idOf.get(left + right);
    if (from === undefined || next === undefined || to === undefined) {
      throw new HoldfastError(
        'E_TOKENIZER',
        `merge ${rank} is of or into a token that is not in the vocabulary: ${JSON.stringify([left, right])}`,
        { file: name, field: 'model.merges' },
      );
    }
    merged.push(to);
    if (!forbidden.has(to)) rankOf.set(from * size + next, rank);
  });

  const byteIds = Array.from({ length: fallsBack === true ? 256 : 0 }, (_, byte) =>
    idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  const utf8 = new TextEncoder();

  const unknownId = (character: string): number => {
    const id = idOf.get(model.unk_token!);
    if (id !== undefined) return id;
    throw new HoldfastError(
      'E_TOKENIZER',
      `${JSON.stringify(character)} is no token, and the unknown token is not in the vocabulary`,
      { file: name, field: 'model.unk_token' },
    );
  };

  const charactersOf = (piece: string): Word[] => {
    const words: Word[] = [];
    let unknown: { id: number; length: number } | null = null;
    for (const character of piece) {
      const length = lengthOf(character);
      const id = idOf.get(character);
      if (id !== undefined) {
        if (forbidden.has(id)) {
          throw new HoldfastError(
            'E_TOKENIZER',
            `ordinary text was encoded as a control token: ${JSON.stringify(character)}`,
            { file: name },
          );
        }
        if (unknown !== null) words.push(unknown);
        unknown = null;
        words.push({ id, length });
        continue;
      }
      const bytes = Array.from(fallsBack === true ? utf8.encode(character) : [], (byte) => byteIds[byte]);
      if (bytes.length > 0 && bytes.every((byte) => byte !== undefined)) {
        words.push(...bytes.map((byte) => ({ id: byte, length: 1 })));
        continue;
      }
      if (model.unk_token == null) continue; // the character is left out
      if (unknown !== null && fuses !== true) words.push(unknown);
      unknown = {
        id: unknownId(character),
        length: length + (unknown !== null && fuses === true ? unknown.length : 0),
      };
    }
    if (unknown !== null) words.push(unknown);
    return words;
  };

  const merge = (words: Word[]): Word[] => {
    const ids = words.map(({ id }) => id);
    const lengths = words.map(({ length }) => length);
    const next = ids.map((_, at) => at + 1);
    const previous = ids.map((_, at) => at - 1);
    const rankAt = (at: number): number | undefined =>
      at < 0 || next[at]! >= ids.length ? undefined : rankOf.get(ids[at]! * size + ids[next[at]!]!);
    const heap = new Heap();
    const propose = (at: number): void => {
      const rank = rankAt(at);
      if (rank !== undefined) heap.push(rank * POSITIONS + at);
    };
    for (let at = 0; at < ids.length; at++) propose(at);

    for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
      const at = entry % POSITIONS;
      const to = merged[Math.floor(entry / POSITIONS)]!;
      const rank = ids[at] === GONE ? undefined : rankAt(at);
      if (rank === undefined || merged[rank] !== to) continue; // the pair has changed since
      const right = next[at]!;
      ids[at] = to;
      lengths[at]! += lengths[right]!;
      ids[right] = GONE;
      next[at] = next[right]!;
      if (next[at]! < ids.length) previous[next[at]!] = at;
      propose(previous[at]!);
      propose(at);
    }
    return ids.flatMap((id, at) => (id === GONE ? [] : [{ id, length: lengths[at]! }]));
  };

  return (piece) => {
    if (ignoresMerges === true) {
      const id = idOf.get(piece);
      if (id !== undefined && !forbidden.has(id)) {
        return [{ id, length: Array.from(piece, lengthOf).reduce((sum, length) => sum + length, 0) }];
      }
    }
    return merge(charactersOf(piece));
  };
}

/** Marks a symbol that was merged into its left neighbour. */
const GONE = -1;

/** A binary heap of numbers, the smallest on top. */
class Heap {
  readonly #entries: number[] = [];

  push(entry: number): void {
    const entries = this.#entries;
    let at = entries.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (entries[parent]! <= entry) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  pop(): number | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && entries[child + 1]! < entries[child]!) child++;
      if (entries[child]! >= last) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = last;
    return top;
  }
}
