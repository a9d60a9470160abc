import { signal } from '@preact/signals';

/** What the user writes, and has not sent. */
export const draft = signal('');
/** Whether each of its lines is sent as a message of its own. */
export const byLine = signal(false);

/** Puts messages that waited, and are not sent now, back before what the user writes. */
export function putBack(messages: readonly string[]): void {
  if (messages.length === 0) return;
  draft.value = [...messages, draft.value].filter((text) => text !== '').join('\n');
  byLine.value = true;
}
