import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Model } from '../engine/index.js';
import { promptWords } from './token-trace.js';

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

describe('the words of a system prompt', () => {
  it.each(['Hold fast.', '⚓ 🌊\n\nRules:\n- one\n', 'é', ' spaced  out '])('join to it: %j', (system) => {
    const words = promptWords(model.format!, NOW, { system, past: [], user: 'hello' });
    expect(words.map(({ text }) => text).join('')).toBe(system);
    for (const [at, { start }] of words.slice(1).entries()) expect(start).toBe(words[at]!.end);
  });

  it('take each token once, however long the prompt is', () => {
    const format = model.format!;
    let taken = 0;
    const tokenizer = Object.create(format.tokenizer, {
      token: {
        value: (id: number) => {
          taken++;
          return format.tokenizer.token(id);
        },
      },
    });
    const words = promptWords({ ...format, tokenizer }, NOW, {
      ...{ system: 'a-b '.repeat(400), past: [], user: 'hello' },
    });
    expect(taken).toBeGreaterThan(400);
    expect(taken).toBeLessThan(3 * words.at(-1)!.end);
  });
});
