import { describe, expect, it } from 'vitest';
import type { Message } from '../text/index.js';
import { readRecorded } from './recorded.js';

const system: Message = { role: 'system', content: 'Hold fast.' };
const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });

describe('a recorded dialogue', () => {
  it('is a system prompt and exchanges, the last perhaps without an answer', () => {
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
    [[system], /the user says nothing/],
    [[system, assistant('b')], /here the user speaks, not the assistant .*field messages\.1/],
    [[system, user('a'), user('b')], /here the assistant speaks, not the user .*field messages\.2/],
  ])('is refused where it is none: %j', (messages, message) => {
    expect(() => readRecorded(messages, 'f.json')).toThrow(message);
  });
});
