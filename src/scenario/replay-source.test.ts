import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replaySource } from './replay-source.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Why?' },
  { role: 'assistant', content: 'So.' },
  { role: 'user', content: 'And now?' },
];
const SHARE_GPT = {
  id: 'x1',
  conversations: [
    { from: 'system', value: 'Be brief.' },
    { from: 'human', value: 'Why?' },
    { from: 'gpt', value: 'So.' },
    { from: 'human', value: 'And now?' },
  ],
};
const lines = (...entries: unknown[]): string => entries.map((entry) => JSON.stringify(entry)).join('\n');

function replay(name: string, text: string, rounds = 9) {
  const file = join(folder, name);
  writeFileSync(file, text);
  return replaySource(file, rounds);
}

describe('recorded dialogues', () => {
  it.each([
    ['lines.jsonl', `${lines({ messages: MESSAGES }, MESSAGES)}\n\n${lines(SHARE_GPT)}\n`, 3],
    ['one.json', JSON.stringify(MESSAGES), 1],
    ['object.json', JSON.stringify({ messages: MESSAGES }, null, 2), 1],
    ['all.json', JSON.stringify([MESSAGES, { messages: MESSAGES }, SHARE_GPT]), 3],
  ])('are read from %s alike, whatever the format', async (name, text, size) => {
    const source = replay(name, text);
    expect(source.size).toBe(size);
    for (let index = 0; index < size; index++) {
      const scenario = source.at(index);
      expect(scenario.system).toBe('Be brief.');
      expect(scenario.rounds).toBe(2);
      const user = scenario.openUser({} as never);
      expect([await user.say(null), await user.say('Ah.')]).toEqual(['Why?', 'And now?']);
      expect(scenario.probesAfter(1)).toEqual([]);
      expect(scenario.obedience(1, 'So.')).toBeNull();
    }
  });

  it('have at most the requested number of rounds', () => {
    expect(replay('short.jsonl', lines(MESSAGES), 1).at(0).rounds).toBe(1);
  });

  it('may have their own probes and judges', () => {
    const probes = [{ question: 'Still brief?', judge: { rule: 'contains-any', texts: ['yes'] } }];
    const [probe] = replay('probes.jsonl', lines({ messages: MESSAGES, group: 'style', probes }))
      .at(0)
      .probesAfter(2);
    expect(probe!.label).toBe('style');
    expect([probe!.judge('Yes.'), probe!.judge('No.')]).toEqual([1, 0]);
  });

  it.each([
    [
      'cut.jsonl',
      `${lines(MESSAGES)}\n{"messages": [`,
      /E_DIALOGUE: line 2 is not JSON: .* at line 2, column 15.*cut\.jsonl/,
    ],
    [
      'role.jsonl',
      lines(MESSAGES, [{ role: 'bot', content: '' }]),
      /line 2 is not a dialogue.*field messages\.0\.role/,
    ],
    ['no-system.jsonl', lines(MESSAGES.slice(1)), /line 1 .*expected a system message, not one of the user/],
    [
      'order.jsonl',
      lines([MESSAGES[0], MESSAGES[2]]),
      /line 1 .*expected a user message, not one of the assistant.*field 1/,
    ],
    ['silent.jsonl', lines([MESSAGES[0]]), /line 1 .*it has no user message/],
    [
      'entry.json',
      JSON.stringify([SHARE_GPT, { conversations: [{ from: 'cat', value: '' }] }]),
      /entry 1 .*from/,
    ],
    [
      'judge.jsonl',
      lines({ messages: MESSAGES, probes: [{ question: 'x', judge: { rule: 'magic' } }] }),
      /line 1.*judge/,
    ],
    [
      'half.jsonl',
      `${lines(MESSAGES)}\n[{"role": "system", "content": "\\udc00"}]`,
      /line 2 is not JSON: half of a surrogate pair in 0\.content/,
    ],
    ['empty.jsonl', '\n', /E_DIALOGUE: the file has no dialogues/],
  ])('are rejected in %s with file and line', (name, text, error) => {
    expect(() => replay(name, text)).toThrow(error);
    expect(() => replay(name, text)).toThrow(/E_DIALOGUE/);
    expect(() => replay(name, text)).toThrow(new RegExp(name.replace('.', '\\.')));
  });

  it('must exist', () => {
    expect(() => replaySource(join(folder, 'nowhere.jsonl'), 2)).toThrow(/E_NOT_FOUND.*nowhere/);
  });
});
