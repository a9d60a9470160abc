import { computed, signal } from '@preact/signals';
import type { OpenTrace } from './open-trace.js';

/** What colours the words: how much each looks at the chosen part, or how much the chosen word looks at each. */
export type Paint = 'to part' | 'from word';

/** The page's trace and what the user chose in it. */
export function createState({ data, numbers }: OpenTrace) {
  const last = data.tokens.length - 1;
  /** The token under the pointer; null if there is none. */
  const pointed = signal<number | null>(null);
  /** The token that was chosen; it stays when the pointer leaves. */
  const kept = signal<number | null>(last);
  const chosen = computed(() => pointed.value ?? kept.value ?? last);
  /** An index into the parts. */
  const part = signal(0);
  /** The chosen head, an index into `[layers × heads]`; null for the mean over the heads that see furthest. */
  const pair = signal<number | null>(null);
  const paint = signal<Paint>(data.attention === null ? 'to part' : 'from word');
  /** The attention rows to show, as `PageNumbers.weights` takes them; empty if the page has none of the chosen head. */
  const rows = computed(() => rowsOf(data, pair.value));
  /** How much the chosen token looks at each token up to itself; null if the page has no such rows. */
  const weights = computed(() =>
    rows.value.length === 0 ? null : numbers.weights(chosen.value, rows.value),
  );
  return { data, numbers, pointed, kept, chosen, part, pair, paint, rows, weights };
}

/** See {@link createState}. */
export type State = ReturnType<typeof createState>;

function rowsOf({ attention, heads, meanLayers }: OpenTrace['data'], pair: number | null): readonly number[] {
  if (attention === null) return [];
  const { layers, of } = attention;
  if (of === 'mean') return pair === null ? [0] : [];
  if (pair !== null) {
    const index = layers.indexOf(Math.floor(pair / heads));
    return index === -1 ? [] : [index * heads + (pair % heads)];
  }
  return meanRowLayers(layers, meanLayers).flatMap((layer) =>
    Array.from({ length: heads }, (_, head) => layers.indexOf(layer) * heads + head),
  );
}

/** Returns the layers over whose heads a mean of attention rows is taken: those that see furthest, if any of them has rows. */
export function meanRowLayers(layers: readonly number[], meanLayers: readonly number[]): readonly number[] {
  const furthest = layers.filter((layer) => meanLayers.includes(layer));
  return furthest.length === 0 ? layers : furthest;
}
