import { describe, expect, it } from 'vitest';
import { MATERIAL } from '../../test/support/material-fixtures.js';
import { loadMaterial } from '../material/index.js';
import { drawTrial, loadGrammar, unrelatedTrial } from '../organism/index.js';
import { organismSource } from './organism-source.js';
import { selfChatSource } from './self-chat-source.js';
import { type JudgedPrompt, unrelatedTo } from './unrelated-prompt.js';

const prompt = (id: string, group: string, judge: unknown = id): JudgedPrompt => ({
  ...{ id, group, judge, system: `You are ${id}.` },
});

describe('an unrelated prompt', () => {
  const among = [prompt('a', 'one'), prompt('b', 'one'), prompt('c', 'two'), prompt('d', 'two', 'a')];

  it('is of another group with another judge, and successive indices take such prompts in turn', () => {
    const more = [...among, prompt('e', 'three')];
    expect([0, 1, 2].map((index) => unrelatedTo(more[0]!, index, more)!.id)).toEqual(['c', 'e', 'c']);
  });

  it('is of the same group if there is no other, still with another judge', () => {
    const one = [prompt('a', 'one'), prompt('b', 'one', 'a'), prompt('c', 'one')];
    expect(unrelatedTo(one[0]!, 5, one)!.id).toBe('c');
  });

  it('is null if all prompts have the same judge or text', () => {
    expect(unrelatedTo(among[0]!, 0, [among[0]!])).toBeNull();
    expect(unrelatedTo(among[0]!, 0, [among[0]!, prompt('b', 'two', 'a')])).toBeNull();
    const same = { ...prompt('b', 'two'), system: among[0]!.system };
    expect(unrelatedTo(among[0]!, 0, [among[0]!, same])).toBeNull();
  });

  it('exists for every prompt of the bundled material, and is the same each time', () => {
    const material = loadMaterial();
    const { at } = selfChatSource(material, { groups: null, rounds: 2 });
    for (let index = 0; index < material.prompts.length; index++) {
      const { system, group, unrelated } = at(index);
      const own = material.prompts.find((each) => each.system === system)!;
      const other = material.prompts.find(({ id }) => id === unrelated!.id)!;
      expect(other.group).not.toBe(group);
      expect(other.judge).not.toEqual(own.judge);
      expect(unrelated).toEqual({ id: other.id, system: other.system });
      expect(at(index).unrelated).toEqual(unrelated);
    }
  });

  it('does not change the content of a scenario, so that no dialogue is computed again for it', () => {
    const { at } = selfChatSource(MATERIAL, { groups: null, rounds: 2 });
    expect(JSON.stringify(at(0).content)).not.toContain(JSON.stringify(at(0).unrelated!.id));
  });

  it('of a trial shares no family of instructions with it', () => {
    const grammar = loadGrammar();
    for (let index = 0; index < 40; index++) {
      const trial = drawTrial(grammar, index, 2);
      const other = unrelatedTrial(grammar, trial);
      const families = (of: typeof trial): string[] => of.instructions.map(({ family }) => family);
      expect(families(trial).filter((family) => families(other).includes(family))).toEqual([]);
      expect(organismSource(grammar, 2).at(index).unrelated).toEqual({
        id: `organism-${other.index}`,
        system: other.system,
      });
    }
  });
});
