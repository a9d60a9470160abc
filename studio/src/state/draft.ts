import { signal } from '@preact/signals';

/** What the user writes, and has not sent. */
export const draft = signal('');
/** Whether each of its lines is sent as a message of its own. */
export const byLine = signal(false);
