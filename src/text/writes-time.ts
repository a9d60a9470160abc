import type { ChatFormat } from './chat-format.js';
import type { LayoutOptions } from './layout.js';
import type { Message } from './message.js';
import { parseMoment } from './moment.js';

/**
 * Returns whether a template can write the date or time. It can if its source names `strftime_now`, the only function
 * that tells it the time. A template that names it may not call it for every dialogue: see {@link writesTime}.
 */
export const mayWriteTime = (source: string): boolean => /\bstrftime_now\b/.test(source);

/** Two moments that differ in every part: year, month, day, weekday, hour, half of the day, minute and second. */
const UNLIKE = [parseMoment('1987-05-16T08:07:06'), parseMoment('2042-11-30T21:43:59')] as const;

/**
 * Returns whether the text of a dialogue depends on the date or time. Renders it at two moments and compares.
 * @throws HoldfastError `E_TEMPLATE` if the template refuses the dialogue
 */
export function writesTime(
  { template, specialTokens }: ChatFormat,
  messages: readonly Message[],
  { addGenerationPrompt }: Pick<LayoutOptions, 'addGenerationPrompt'>,
): boolean {
  if (!mayWriteTime(template.source)) return false;
  const [one, other] = UNLIKE.map((now) =>
    template.render(messages, { addGenerationPrompt, specialTokens, now }),
  );
  return one !== other;
}
