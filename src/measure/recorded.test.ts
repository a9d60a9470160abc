import { describe, expect, it } from 'vitest';
import type { Message } from '../text/index.js';
import { readRecorded } from './recorded.js';

const system: Message = { role: 'system', content: 'Hold fast.' };
const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });

describe('a recorded dialogue', () => {
  it('is a system prompt and exchanges, the last optionally without an answer', () => {
    expect(readRecorded([system, user('a'), assistant('b'), user('c')], 'f.json')).toEqual({
      system: 'Hold fast.',
      exchanges: [
        { user: 'a', assistant: 'b' },
        { user: 'c', assistant: null },
      ],
    });
  });

  it.each([
    [[user('a')], /no system message .*f\.json, field messages\.0/],
    [[system], /the dialogue has no user message/],
    [
      [system, assistant('b')],
      /expected a message of the user, found one of the assistant .*field messages\.1/,
    ],
    [
      [system, user('a'), user('b')],
      /expected a message of the assistant, found one of the user .*field messages\.2/,
    ],
  ])('is refused if it is malformed: %j', (messages, message) => {
    expect(() => readRecorded(messages, 'f.json')).toThrow(message);
  });
});
