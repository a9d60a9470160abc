import { batch, computed, signal, useComputed } from '@preact/signals';
import type { Column } from '../../../src/studio/protocol.js';
import { panel } from './panel.js';

/** One token of an answer. */
export interface TokenPlace {
  readonly round: number;
  readonly column: Column;
  readonly token: number;
}

/** The token under the pointer or the keyboard; null if there is none. */
export const pointed = signal<TokenPlace | null>(null);
/** The token that was clicked; it stays when the pointer leaves. */
export const pinned = signal<TokenPlace | null>(null);
/** The token that the page explains. */
export const selected = computed<TokenPlace | null>(() => pointed.value ?? pinned.value);

/** Keeps a token chosen, and shows what the page knows of it. */
export function pin(place: TokenPlace): void {
  batch(() => {
    pinned.value = place;
    if (panel.value !== 'map') panel.value = 'word';
  });
}

/** Returns the chosen token of one answer; null if it is another's. Only the answer that it concerns is drawn again. */
export function useChosenToken(round: number, column: Column) {
  return useComputed(() => {
    const place = selected.value;
    return place?.round === round && place.column === column ? place.token : null;
  });
}
