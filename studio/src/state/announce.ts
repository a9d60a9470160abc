import { signal } from '@preact/signals';

/** What a screen reader says of the events that have finished last: answers, a model, a comparison. It is said once. */
export const announcement = signal('');

/** What is announced next: events that finish together are said together. */
let next: string[] = [];

/** Announces a finished event. An event that finishes as the one before did is announced again. */
export function announce(words: string): void {
  next.push(words);
  if (next.length > 1) return;
  announcement.value = '';
  queueMicrotask(() => {
    announcement.value = next.join(' ');
    next = [];
  });
}
