import { describe, expect, it } from 'vitest';
import { parseSpec, type StudySource } from '../study/index.js';
import { forecast } from './forecast.js';

const spec = parseSpec('name: x\nsources: organism\narms: [off, boost: 2]\nseeds: [0, 1, 2]', 'x.yaml');
const source = (changes: Partial<StudySource> = {}): StudySource => ({
  ...{ name: 'talk', dialogues: 8, prompts: 8, probed: true },
  heldOut: {
    kl: { asked: 24, found: 24 },
    perplexity: { asked: 24, found: 24 },
    choice: { asked: 0, found: 0 },
  },
  ...changes,
});
const told = (changes: Partial<StudySource>): string[] => forecast({ spec, sources: [source(changes)] });

describe('a study that will not be able to tell', () => {
  it('is warned of when it has too few prompts, however many dialogues and seeds', () => {
    expect(told({})).toEqual([]);
    expect(told({ prompts: 5 })).toEqual([]);
    expect(told({ dialogues: 2, prompts: 2 })).toEqual([
      expect.stringMatching(
        /^the source "talk" has 2 scenarios, each 3 times, with 2 system prompts: the report will say of every difference that it cannot be told\. An interval needs at least 5 different system prompts: /,
      ),
    ]);
    expect(told({ dialogues: 40, prompts: 4 })).toHaveLength(1);
  });

  it('counts dialogues where all have one prompt', () => {
    expect(told({ dialogues: 5, prompts: 1 })).toEqual([]);
    expect(told({ dialogues: 4, prompts: 1 })).toEqual([
      expect.stringMatching(
        /with 1 system prompt: .* needs at least 5 scenarios: a scenario is a prompt and its user/,
      ),
    ]);
  });

  it('is warned of without probes, and without the items that costs need', () => {
    expect(told({ probed: false })).toEqual([expect.stringMatching(/asks no probes, .* no stability/)]);
    const heldOut = {
      kl: { asked: 24, found: 3 },
      perplexity: { asked: 24, found: 0 },
      choice: { asked: 0, found: 0 },
    };
    expect(told({ heldOut })).toEqual([
      'the material of the source "talk" has only 3 held-out dialogues of the 24 that kl asks for',
      'the material of the source "talk" has no held-out texts, so perplexity is not measured: add some, or write costs: { perplexity: 0 }',
    ]);
  });
});
