import { describe, expect, it } from 'vitest';
import { messageAt } from '../../test/support/message-places.js';
import { parseTarget, type Target, type TargetContext } from '../attention/index.js';
import type { Span } from '../text/index.js';
import { watchAnswer, watchTargets } from './watch.js';

/** `<s>` | system 1–4, its words 2–3 | user 4–9: a prefix of four tokens, whose random span needs eight to eleven. */
const PROMPT: TargetContext = {
  spans: [
    { role: 'sink', turn: 0, start: 0, end: 1 },
    { role: 'template', turn: 0, start: 1, end: 2 },
    { role: 'system', turn: 0, start: 2, end: 3 },
    { role: 'template', turn: 0, start: 3, end: 4 },
    { role: 'user', turn: 1, start: 4, end: 9 },
  ],
  messages: [messageAt('system', 1, 4, { start: 2, end: 3 }), messageAt('user', 4, 9, { start: 4, end: 9 })],
};
const answer = (end: number): Span => ({ role: 'assistant', turn: 1, start: 9, end });
const targets = (...names: string[]): Target[] => names.map(parseTarget);

describe('watched targets', () => {
  it('have the indices of their spans, which are cut at their borders', () => {
    const { spans, places } = watchTargets(targets('message', 'content', 'prefix', '5:7'), PROMPT);
    expect(spans.map(({ start, end }) => [start, end])).toEqual([
      ...[
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ],
      ...[
        [4, 5],
        [5, 7],
        [7, 9],
      ],
    ]);
    expect(places).toEqual([[1, 2, 3], [2], [0, 1, 2, 3], [5]]);
  });

  it('are null if the dialogue does not have them', () => {
    const bare: TargetContext = { spans: PROMPT.spans, messages: [] };
    expect(watchTargets(targets('message', 'sink'), bare).places).toEqual([null, [0]]);
  });

  it('equal, at every token of an answer, those of the dialogue so far', () => {
    const seeds = Array.from({ length: 12 }, (_, seed) => `random:${seed}`);
    for (const names of [['message', 'sink'], ['message', ...seeds], ['not:message'], ['8:12']]) {
      const watched = watchAnswer(targets(...names), PROMPT);
      expect(watched(null)).toEqual(watchTargets(targets(...names), PROMPT));
      for (let end = 10; end < 15; end++) {
        const whole = { ...PROMPT, spans: [...PROMPT.spans, answer(end)] };
        expect(watched(answer(end)), `${names} at ${end}`).toEqual(watchTargets(targets(...names), whole));
      }
    }
    // Some random spans appear only during the answer.
    const { places } = watchTargets(targets(...seeds), PROMPT);
    expect(new Set(places.map((at) => at === null))).toEqual(new Set([true, false]));
  });
});
