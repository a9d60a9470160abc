import { signal } from '@preact/signals';

/** What a screen reader says of the event that has finished last: an answer, a model, a comparison. It is said once. */
export const announcement = signal('');

/** Announces a finished event. An event that finishes as the one before did is announced again. */
export function announce(words: string): void {
  announcement.value = '';
  queueMicrotask(() => {
    announcement.value = words;
  });
}
