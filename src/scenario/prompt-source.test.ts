import { describe, expect, it } from 'vitest';
import { loadMaterial } from '../material/index.js';
import { loadGrammar } from '../organism/index.js';
import { everydayUsers, organismUsers, promptSource } from './prompt-source.js';
import type { Scenario } from './scenario.js';

const material = loadMaterial();
const everyday = everydayUsers(material);
const SYSTEM = 'You are a pirate. Speak like one in every answer.';
const RULES = {
  shown: 'always',
  probes: [{ question: 'Who are you?' }, { question: 'And now?' }],
  judge: { rule: 'contains-any', texts: ['arr'] },
  given: [],
  good: [],
  bad: [],
} as const;
const rules = { ...RULES, probes: [...RULES.probes], judge: { ...RULES.judge, texts: ['arr'] } } as never;

const usersOf = async (scenario: Scenario): Promise<string[]> => {
  const user = scenario.openUser({} as never);
  const said: string[] = [];
  for (let round = 0; round < scenario.rounds; round++) said.push(await user.say(null));
  return said;
};

describe('dialogues under a prompt', () => {
  const source = promptSource({ system: SYSTEM, rules: null }, 20, everyday);

  it('have the same prompt and other messages, always the same for the same index', async () => {
    const [a, b] = [source.at(3), source.at(4)];
    expect([a.system, b.system]).toEqual([SYSTEM, SYSTEM]);
    const said = await usersOf(a);
    expect(said).toHaveLength(20);
    expect(new Set(said).size).toBe(20);
    expect(said).not.toEqual(await usersOf(b));
    expect(promptSource({ system: SYSTEM, rules: null }, 20, everyday).at(3).content).toEqual(a.content);
  });

  it('contain their text, so that a change of the prompt is another dialogue', () => {
    const other = promptSource({ system: `${SYSTEM} Always.`, rules: null }, 20, everyday);
    expect(other.at(3).content).not.toEqual(source.at(3).content);
  });

  it('begin alike, however long they are', async () => {
    const short = promptSource({ system: SYSTEM, rules: null }, 7, everyday);
    expect(await usersOf(short.at(3))).toEqual((await usersOf(source.at(3))).slice(0, 7));
  });

  it('are compared with the eight bundled prompts closest in length, in turn', () => {
    const references = Array.from({ length: 16 }, (_, index) => source.at(index).unrelated!.system);
    expect(new Set(references).size).toBe(8);
    const farthest = Math.max(...references.map((text) => Math.abs(text.length - SYSTEM.length)));
    const closer = material.prompts.filter(
      ({ system }) => Math.abs(system.length - SYSTEM.length) < farthest && !references.includes(system),
    );
    expect(closer).toEqual([]);
  });

  it('are probed and judged only with rules', () => {
    expect(source.at(0).probesAfter(1)).toEqual([]);
    expect(source.at(0).obedience(1, 'Arr!')).toBeNull();
    const judged = promptSource({ system: SYSTEM, rules }, 4, everyday).at(0);
    expect([1, 2, 3].map((round) => judged.probesAfter(round)[0]!.question)).toEqual([
      'Who are you?',
      'And now?',
      'Who are you?',
    ]);
    expect(judged.obedience(1, 'Arr!')).toBe(1);
    expect(judged.obedience(1, 'Yes.')).toBe(0);
  });

  it('can be in the language of the embedded model, and are compared with its prompts', async () => {
    const own = promptSource({ system: 'Talk like a cowboy.', rules: null }, 5, organismUsers(loadGrammar()));
    expect(await usersOf(own.at(0))).toHaveLength(5);
    expect(own.at(0).unrelated!.id).toMatch(/^organism-\d+$/);
  });

  it('cannot have more rounds than the users have messages', () => {
    expect(() => promptSource({ system: SYSTEM, rules: null }, 900, everyday)).toThrow(
      /E_MATERIAL: the users have only \d+ messages for 900 rounds/,
    );
  });
});
