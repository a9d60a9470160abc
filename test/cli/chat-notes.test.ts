import { expect, it } from 'vitest';
import { contextLines, readingText } from '../../src/cli/chat/chat-notes.js';

it('a long prompt is said to be read, with tokens and rate; a token that is written is not', () => {
  let nowMs = 1000;
  let progress: { done: number; total: number } | null = { done: 0, total: 2048 };
  const say = readingText(
    [
      { progress: null },
      {
        get progress() {
          return progress;
        },
      },
    ],
    () => nowMs,
  );
  expect(say()).toBe('reading 0 of 2048 tokens');
  progress = { done: 512, total: 2048 };
  nowMs = 3000;
  expect(say()).toBe('reading 512 of 2048 tokens, 256 tokens/s');
  progress = { done: 0, total: 1 };
  expect(say()).toBeNull();
  progress = null;
  expect(say()).toBeNull();
});

it('the context is said to be full when no message fits', () => {
  const use = { contextLength: 100, prompt: 20, turns: 70, dropped: 3, maxTokens: 20, room: -12 };
  expect(contextLines(use)).toEqual([
    '90 of 100 tokens are taken (90 %): 20 by the system prompt, 70 by the turns that are left; 3 were dropped',
    'no message fits beside an answer of up to 20 tokens (max-tokens)',
  ]);
});
