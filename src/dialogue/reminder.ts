import type { Settings } from './settings.js';

/** Returns a user's message with a text before it. */
export const withReminder = (reminder: string, words: string): string => `${reminder}\n\n${words}`;

/** Returns the user's message as the model reads it while it answers: with the reminder, if the settings have one. */
export function remindedMessage({ reminder }: Settings, system: string | null, words: string): string {
  if (reminder === null) return words;
  return withReminder(reminder === true ? system! : reminder, words); // checked with the settings
}
