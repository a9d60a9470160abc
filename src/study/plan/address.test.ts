import { describe, expect, it } from 'vitest';
import { FACTS } from '../../../test/support/study-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { parseMoment } from '../../text/index.js';
import { type Computed, costAddress, dialogueAddress, rankingAddress } from './address.js';
import { CELL_VERSION, versionsThatMatter } from './versions.js';

const arm = { name: 'off', settings: { policy: 'off' }, repeatEvery: null, noSystem: false } as const;
const point = { scenario: { content: 'words', rounds: 2 }, seed: 0, index: 0 };
const settings = { sampling: { temperature: 1 }, maxTokens: 10, probeRounds: [1], probeRepeats: 1 };
const computed: Computed = { executor: 'cpu', facts: FACTS, versions: versionsThatMatter('cpu'), now: NOW };

const addressesWith = (by: Computed): readonly string[] => [
  dialogueAddress(by, point, arm, settings),
  rankingAddress(by, point, settings),
  costAddress(by, 'kl', 'words', arm),
];

describe('an address', () => {
  it('changes with every version, for every kind of cell', () => {
    const before = addressesWith(computed);
    for (const name of Object.keys(computed.versions)) {
      const after = addressesWith({ ...computed, versions: { ...computed.versions, [name]: 'other' } });
      for (const [kind, address] of after.entries()) expect(address, name).not.toBe(before[kind]);
    }
  });

  it('differs between kinds, measures, items, seeds and indices', () => {
    const all = [
      ...addressesWith(computed),
      costAddress(computed, 'perplexity', 'words', arm),
      costAddress(computed, 'kl', 'word', arm),
      dialogueAddress(computed, { ...point, index: 1 }, arm, settings),
      dialogueAddress(computed, { ...point, seed: 1 }, arm, settings),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('differs between a held and a clean cache, and between reminders', () => {
    const all = [
      {},
      { cache: 'clean' as const },
      { reminder: true as const },
      { reminder: 'Keep to it.' },
    ].map((more) => {
      const settings = { policy: 'boost', strength: 2, ...more } as const;
      return costAddress(computed, 'kl', 'words', { ...arm, settings });
    });
    expect(new Set(all).size).toBe(4);
  });

  it('changes with the moment only if the template can write it', () => {
    const later = { now: parseMoment('2026-02-01T09:00:00') };
    expect(addressesWith({ ...computed, ...later })).toEqual(addressesWith(computed));
    const dated = { ...computed, facts: { ...FACTS, mayWriteTime: true } };
    const [before, after] = [addressesWith(dated), addressesWith({ ...dated, ...later })];
    for (const [kind, address] of after.entries()) expect(address).not.toBe(before[kind]);
  });

  it('does not change unless the version of cells is raised', () => {
    const versions = { cell: 1, 'onnxruntime-node': '1.0.0' };
    expect(dialogueAddress({ ...computed, versions }, point, arm, settings)).toMatchInlineSnapshot(
      `"1d2c72023f227b9987c1a56f98a550b2e3bfd52d53bcf2a2c9b0ffd23d0007a4"`,
    );
  });

  it('uses the former name of a renamed policy, so that cells computed under it are found', () => {
    const addressOf = (policy: string): string => {
      const settings = { policy } as { policy: 'sustain' };
      return costAddress({ ...computed, versions: { cell: 1 } }, 'kl', 'words', {
        name: 'an arm',
        settings,
        repeatEvery: null,
        noSystem: false,
      });
    };
    expect(addressOf('sustain')).toMatchInlineSnapshot(
      `"f345984475a1f31c86a896c3f51f1efb7e1d6053a19b868bca31404816d87c99"`,
    );
    expect(new Set(['off', 'floor', 'cap', 'sustain'].map(addressOf)).size).toBe(4);
  });
});

describe('versionsThatMatter', () => {
  it('returns the versions of cells, tokenizer and, if there is one, runtime', () => {
    const version = expect.stringMatching(/^\d+\.\d+\.\d+$/);
    const always = { cell: CELL_VERSION, '@huggingface/tokenizers': version };
    expect(versionsThatMatter('reference')).toEqual(always);
    expect(versionsThatMatter('onnx')).toEqual({ ...always, 'onnxruntime-node': version });
    // One name for the packages of all platforms: the same study has the same addresses everywhere.
    expect(versionsThatMatter('cpu')).toEqual({ ...always, '@node-llama-cpp': version });
  });
});
