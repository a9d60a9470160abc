import { signal } from '@preact/signals';

/** What went wrong that belongs to no answer; null if nothing did. */
export const message = signal<string | null>(null);
