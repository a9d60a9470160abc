import { signal } from '@preact/signals';
import { announce } from './announce.js';

/** What the page tells that belongs to no answer. */
interface Message {
  readonly kind: 'note' | 'failure';
  readonly text: string;
}

/** The message that the page shows; null for none. */
export const message = signal<Message | null>(null);

/** Tells what the page has done that the user may not expect. */
export function note(text: string): void {
  message.value = { kind: 'note', text };
  announce(text);
}

/** Tells what went wrong. */
export function fail(text: string): void {
  message.value = { kind: 'failure', text };
}
