import { describe, expect, it } from 'vitest';
import { MATERIAL } from '../../test/support/material-fixtures.js';
import type { ScenarioSource } from './scenario.js';
import { primedSource, scriptSource } from './script-source.js';

const CHOICE = { script: 'calm', groups: null, rounds: 3 } as const;
const all = (source: ScenarioSource) => Array.from({ length: source.size! }, (_, index) => source.at(index));

describe('a scripted user', () => {
  it('says the same under every prompt, whatever the answers', async () => {
    const scenarios = all(scriptSource(MATERIAL, CHOICE));
    expect(scenarios.map(({ id }) => id).sort()).toEqual(['bowline', 'hemp', 'jute', 'sheet', 'silk']);
    for (const scenario of scenarios) {
      const user = scenario.openUser({} as never);
      const said = [await user.say(null), await user.say('Yes!'), await user.say('')];
      expect(said).toEqual(['Hello.', 'Go on.', 'And then?']);
      expect(scenario.rounds).toBe(3);
      expect(scenario.given).toEqual([]);
    }
  });

  it('takes the groups in turn, so that consecutive dialogues contain them equally often', () => {
    const groups = all(scriptSource(MATERIAL, CHOICE)).map(({ group }) => group);
    expect(groups).toEqual(['ropes', 'knots', 'ropes', 'knots', 'ropes']);
    const knots = all(scriptSource(MATERIAL, { ...CHOICE, groups: ['knots'] }));
    expect(knots.map(({ group }) => group)).toEqual(['knots', 'knots']);
  });

  it('asks one of the prompt’s probes after each round, in turn, judged by the prompt’s judge', () => {
    for (const [index, scenario] of all(scriptSource(MATERIAL, CHOICE)).entries()) {
      const probes = [1, 2, 3].map((round) => scenario.probesAfter(round));
      expect(probes.map(({ length }) => length)).toEqual([1, 1, 1]);
      const orders = [index, index + 1, index].map((at) => `${['First', 'Second'][at % 2]}, ${scenario.id}?`);
      expect(probes.map(([probe]) => probe!.question)).toEqual(orders);
      expect(probes[0]![0]!.label).toBe(scenario.group);
      expect(probes[0]![0]!.judge(`I am ${scenario.id}.`)).toBe(1);
      expect(probes[0]![0]!.judge('I am nobody.')).toBe(0);
      const shown = scenario.obedience(1, scenario.id);
      expect(shown, 'null unless every answer shows it').toBe(scenario.id === 'silk' ? null : 1);
      expect(scenario.ability(1, 'x', true)).toBeNull();
    }
  });

  it("takes the script's dialogues in turn, without those that are too short", () => {
    const dialogues = [['One.', 'Two.', 'Three.'], ['Short.'], ['Four.', 'Five.', 'Six.', 'Seven.']];
    const scripts = new Map([['calm', { name: 'calm', style: 'plain', dialogues }]]);
    const users = all(scriptSource({ ...MATERIAL, scripts }, CHOICE)).map(({ content }) => content);
    const said = [0, 2, 0, 2, 0].map((at) => ({ kind: 'script', messages: dialogues[at]!.slice(0, 3) }));
    expect(users).toEqual(said.map((user) => expect.objectContaining({ user })));
  });

  it('uses only the prompts that are asked for, in the order of all', () => {
    const ids = (prompts: readonly string[]) =>
      all(scriptSource(MATERIAL, { ...CHOICE, prompts })).map(({ id }) => id);
    const every = all(scriptSource(MATERIAL, CHOICE)).map(({ id }) => id);
    const chosen = [every[3]!, every[0]!];
    expect(ids(chosen)).toEqual([every[0], every[3]]);
    expect(() => ids([...chosen, 'granny'])).toThrow(/E_MATERIAL.*unknown prompt: granny/s);
    const others = { ...CHOICE, groups: ['knots'], prompts: ['hemp'] };
    expect(() => scriptSource(MATERIAL, others)).toThrow(/E_MATERIAL.*does not suit.*hemp/s);
  });

  it('is rejected when the script or the group is unknown, or the script too short', () => {
    expect(() => scriptSource(MATERIAL, { ...CHOICE, script: 'angry' })).toThrow(/E_MATERIAL.*angry.*calm/s);
    expect(() => scriptSource(MATERIAL, { ...CHOICE, rounds: 4 })).toThrow(
      /E_MATERIAL.*3 messages.*4 rounds/s,
    );
    expect(() => scriptSource(MATERIAL, { ...CHOICE, groups: ['cable'] })).toThrow(
      /E_MATERIAL.*cable.*ropes, knots/s,
    );
  });
});

describe('a primed dialogue', () => {
  it('begins with given answers that follow the prompt, and skips prompts with too few', () => {
    const scenarios = all(primedSource(MATERIAL, { ...CHOICE, given: 2 }));
    expect(scenarios.map(({ id }) => id).sort()).toEqual(['bowline', 'hemp', 'sheet', 'silk']);
    for (const { id, given, obedience } of scenarios) {
      expect(given.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
      expect(given[1]!.content).toBe(`I am ${id}.`);
      expect(obedience(1, given[3]!.content) ?? 1).toBe(1);
    }
    const [one] = all(primedSource(MATERIAL, { ...CHOICE, given: 1 }));
    expect(one!.given).toHaveLength(2);
    expect(() => primedSource(MATERIAL, { ...CHOICE, given: 3 })).toThrow(/E_MATERIAL.*no prompt/s);
  });

  it('has its messages and judge in its content, but not the examples that test the judge', () => {
    const content = (given: number) =>
      JSON.stringify(
        all(primedSource(MATERIAL, { ...CHOICE, given })).find(({ id }) => id === 'hemp')!.content,
      );
    expect(content(1)).not.toBe(content(2));
    const more = MATERIAL.prompts.map((prompt) => ({ ...prompt, good: ['hemp'] }));
    const [first] = all(primedSource({ ...MATERIAL, prompts: more }, { ...CHOICE, given: 1 }));
    const [same] = all(primedSource(MATERIAL, { ...CHOICE, given: 1 }));
    expect(first!.content).toEqual(same!.content);
  });
});
