import { signal } from '@preact/signals';

/** What went wrong that belongs to no answer; null if nothing did. */
export const message = signal<string | null>(null);

/** Returns what an error says. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
