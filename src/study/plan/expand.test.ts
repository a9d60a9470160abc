import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foundFor, scenariosOf } from '../../../test/support/study-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import type { StudySpec } from '../spec/index.js';
import { parseSpec } from '../spec/index.js';
import type { Cell } from './cell.js';
import { expand, type Found, rankingCells } from './expand.js';
import type { CellLabels, RankingRecord } from './record.js';
import { groupOf } from './shard.js';

const spec = parseSpec(
  [
    'name: two-of-each',
    'models: [organism, other.gguf]',
    'sources:',
    '  - organism: { dialogues: 2, rounds: 4 }',
    '  - self-chat: { dialogues: 1, rounds: 6, first: 3 }',
    'seeds: [0, 1]',
    'probes: [1, 4, 6]',
    'costs: { kl: 2, perplexity: 1, choice: bundled }',
    'arms: [off, split-softmax: [0.9, 0.7], repeat: 4]',
  ].join('\n'),
  'study.yaml',
);
const cells = [...expand(spec, foundFor(spec), NOW, [])];
const addresses = (of: readonly Cell[]): readonly string[] => of.map(({ address }) => address);
const expanded = (changes: Partial<StudySpec>): readonly Cell[] => [
  ...expand({ ...spec, ...changes }, foundFor({ ...spec, ...changes }), NOW, []),
];

describe('the cells of a study', () => {
  it('include every dialogue and every held-out item, under every arm, on every model', () => {
    // (2 + 1) dialogues × 2 seeds, and (2 + 1 + 5) items on 2 sources; × 4 arms × 2 models.
    expect(cells.filter(({ kind }) => kind === 'dialogue')).toHaveLength(6 * 4 * 2);
    expect(cells.filter(({ kind }) => kind === 'cost')).toHaveLength(16 * 4 * 2);
    expect(cells).toHaveLength(22 * 4 * 2);
  });

  it('have a stable order: costs last, the arms of one dialogue or item next to each other', () => {
    expect([...expand(spec, foundFor(spec), NOW, [])]).toEqual(cells);
    const kinds = cells.map(({ kind }) => kind);
    expect(kinds).toEqual(kinds.toSorted().reverse());
    for (let at = 0; at < cells.length; at += 4) {
      const group = cells.slice(at, at + 4);
      expect(new Set(group.map(groupOf)).size).toBe(1);
      expect(group.map(({ labels }) => labels.arm)).toEqual(spec.arms.map(({ name }) => name));
    }
  });

  it('contain everything needed to compute them', () => {
    const { address, ...first } = cells[1]!;
    expect(address).toMatch(/^[0-9a-f]{64}$/);
    expect(first).toEqual({
      kind: 'dialogue',
      labels: {
        model: 'organism',
        executor: 'cpu',
        precision: 'auto',
        source: 'organism',
        arm: 'split-softmax, k = 0.9',
        seed: 0,
        index: 0,
      },
      model: spec.models[0],
      source: spec.sources[0],
      arm: {
        name: 'split-softmax, k = 0.9',
        settings: {
          policy: 'split-softmax',
          schedule: { kind: 'constant', strength: 0.9 },
          target: { kind: 'message' },
        },
        repeatEvery: null,
        noSystem: false,
      },
      measure: null,
      now: NOW,
      settings: {
        sampling: spec.sampling,
        maxTokens: spec.maxTokens,
        probeRounds: spec.probeRounds,
        probeRepeats: 1,
        costs: spec.costs,
      },
      // Four answers and messages of a model with one parameter; its source asks no probe.
      work: 4 * (spec.maxTokens + 32 / 4),
    });
    expect(
      cells.find(({ source, kind }) => source.kind === 'self-chat' && kind === 'dialogue')!.labels.index,
    ).toBe(3);
  });

  it('have unique addresses, except costs that are the same on both sources', () => {
    const dialogues = cells.filter(({ kind }) => kind === 'dialogue');
    expect(new Set(addresses(dialogues)).size).toBe(dialogues.length);
    const costs = cells.filter(({ kind }) => kind === 'cost');
    expect(new Set(addresses(costs)).size).toBe(costs.length / 2);
  });

  it('include chance for every dialogue that asks a probe, whatever the arms, the seeds and the names are', () => {
    const found = foundFor(spec);
    const asking = new Map(
      [...found.sources].map(([name, source]) => [
        name,
        {
          ...source,
          scenarios: {
            ...source.scenarios,
            at: (index: number) => ({
              ...source.scenarios.at(index),
              // Only these rounds have a probe.
              probesAfter: (round: number) =>
                name === 'organism' || round === 2
                  ? [{ label: 'a', question: 'b', rule: null, judge: () => 1 }]
                  : [],
            }),
          },
        },
      ]),
    );
    const chanceOf = (changes: Partial<StudySpec> = {}): readonly Cell[] =>
      [...expand({ ...spec, ...changes }, { ...found, sources: asking }, NOW, [])].filter(
        ({ kind }) => kind === 'chance',
      );
    const labelled = ({ labels }: Cell): string => `${labels.source} ${labels.index} ${labels.arm}`;
    // No dialogue of self-chat is probed after round 2.
    expect(chanceOf().map(labelled)).toEqual([
      ...['organism 0 off', 'organism 1 off', 'organism 0 off', 'organism 1 off'],
    ]);
    expect(addresses(chanceOf({ arms: spec.arms.slice(1), seeds: [0], early: [2, 2] }))).toEqual(
      addresses(chanceOf()),
    );
    expect(chanceOf({ probeRounds: [2] }).map(labelled)).toContain('self-chat 3 off');
    for (const changes of [{ maxTokens: 3 }, { probeRepeats: 2 }, { probeRounds: [1] }, { seeds: [1] }]) {
      const kept = addresses(chanceOf(changes)).filter((address) => addresses(chanceOf()).includes(address));
      expect(kept, JSON.stringify(changes)).toEqual([]);
    }
  });

  it('are made one by one, when they are asked for, and share what they have in common', () => {
    const found = foundFor(spec);
    const drawn: number[] = [];
    const [name, source] = [...found.sources][0]!;
    const at = (index: number) => {
      drawn.push(index);
      return source.scenarios.at(index);
    };
    const sources = new Map([
      ...found.sources,
      [name, { ...source, scenarios: { ...source.scenarios, at } }],
    ]);
    const plan = expand(spec, { ...found, sources }, NOW, [])[Symbol.iterator]();
    expect(drawn).toEqual([]);
    const first = Array.from({ length: spec.arms.length }, () => plan.next().value as Cell);
    expect(drawn).toEqual([0]);
    expect(new Set(first.map(({ settings }) => settings)).size).toBe(1);
    plan.next();
    expect(drawn).toEqual([0, 1]);
  });

  it('are limited in number', () => {
    const [source] = spec.sources;
    const huge = { ...spec, sources: [{ ...source!, dialogues: 500_000 }] };
    expect(() => expand(huge, foundFor(huge), NOW, [])).toThrow(/E_SPEC: the study has 8000064 cells/);
  });
});

describe('the address of a cell', () => {
  it('does not depend on the names of the study, its models, sources and arms, or on file paths', () => {
    const renamed = expanded({
      name: 'renamed',
      question: 'Really?',
      models: spec.models.map((model) => ({ ...model, name: `my ${model.name}` })),
      sources: spec.sources.map((source) => ({ ...source, name: `my ${source.name}` })),
      arms: spec.arms.map((arm) => ({ ...arm, name: `my ${arm.name}` })),
    });
    expect(addresses(renamed)).toEqual(addresses(cells));
  });

  it('does not depend on options that only affect the tables', () => {
    expect(addresses(expanded({ early: [2, 2], late: [3, 3], calibrate: { dialogues: 3 } }))).toEqual(
      addresses(cells),
    );
  });

  const byKind = (of: readonly Cell[], kind: Cell['kind']): readonly string[] =>
    addresses(of.filter((cell) => cell.kind === kind));

  it.each<[string, Partial<StudySpec>]>([
    ['temperature', { sampling: { ...spec.sampling, temperature: 0.9 } }],
    ['max-tokens', { maxTokens: 399 }],
    ['seeds', { seeds: [2, 3] }],
    ['probes', { probeRounds: [1, 3, 4, 6] }],
    ['probe-repeats', { probeRepeats: 2 }],
    ['rounds', { sources: spec.sources.map((source) => ({ ...source, rounds: source.rounds + 1 })) }],
    ['the dialogues', { sources: spec.sources.map((source) => ({ ...source, first: 100 })) }],
  ])('changes with %s for every dialogue and for no cost', (_, changes) => {
    const changed = expanded(changes);
    expect(changed.map(({ labels }) => labels)).toHaveLength(cells.length);
    expect(
      byKind(changed, 'dialogue').filter((address) => byKind(cells, 'dialogue').includes(address)),
    ).toEqual([]);
    expect(byKind(changed, 'cost')).toEqual(byKind(cells, 'cost'));
  });

  it('does not change with a probe after its last round', () => {
    const changed = expanded({ probeRounds: [1, 4, 5, 6] });
    const kept = changed.filter(({ address }) => addresses(cells).includes(address));
    expect(new Set(kept.filter(({ kind }) => kind === 'dialogue').map(({ source }) => source.kind))).toEqual(
      new Set(['organism']),
    );
  });

  const known = foundFor(spec);
  const facts = known.models.get('organism')!;
  it.each<[string, Partial<Found>]>([
    ['weights', { models: new Map(spec.models.map(({ name }) => [name, { ...facts, hash: `x${name}` }])) }],
    [
      'templates',
      { models: new Map([...known.models].map(([name, of]) => [name, { ...of, templateHash: 'x' }])) },
    ],
    [
      'configurations or tokenizers',
      { models: new Map([...known.models].map(([name, of]) => [name, { ...of, setupHash: 'x' }])) },
    ],
    [
      'precisions',
      { models: new Map([...known.models].map(([name, of]) => [name, { ...of, precision: 'q8' }])) },
    ],
    [
      'dialogues and held-out items',
      {
        sources: new Map(
          spec.sources.map(({ name, rounds }) => [
            name,
            {
              scenarios: scenariosOf((index) => ({ other: index }), rounds, null),
              heldOut: { kl: [7, 8], perplexity: [9], choice: [1, 2, 3, 4, 5] },
            },
          ]),
        ),
      },
    ],
  ])('changes with other %s', (_, changes) => {
    const changed = [...expand(spec, { ...known, ...changes }, NOW, [])];
    expect(changed).toHaveLength(cells.length);
    expect(addresses(changed).filter((address) => addresses(cells).includes(address))).toEqual([]);
  });

  it('changes with the executor', () => {
    const models = spec.models.map((model) => ({
      ...model,
      executor: 'reference' as const,
      precision: null,
    }));
    expect(addresses(expanded({ models })).filter((address) => addresses(cells).includes(address))).toEqual(
      [],
    );
  });

  it('does not depend on the other arms or their order', () => {
    const more = parseSpec(
      'name: x\nsources: organism\narms: [sustain, repeat: 4, boost: [2, 3], off, split-softmax: [0.7, 0.9], guidance: 2, silence: [[0, 1]]]',
      'x.yaml',
    ).arms;
    fc.assert(
      fc.property(fc.shuffledSubarray([...more], { minLength: 1 }), (arms) => {
        const found = new Map(
          expanded({ arms }).map((cell) => [`${groupOf(cell)} ${cell.labels.arm}`, cell.address]),
        );
        const same = cells.filter(({ labels }) => arms.some(({ name }) => name === labels.arm));
        for (const cell of same) expect(found.get(`${groupOf(cell)} ${cell.labels.arm}`)).toBe(cell.address);
      }),
      { numRuns: 25 },
    );
  });

  it('differs between any two arms of one dialogue', () => {
    const { arms } = parseSpec(
      'name: x\nsources: organism\narms: [off, sustain, boost: [2, 3], floor: 0.5, repeat: [2, 3], guidance: [2, 3], knock-out: [prefix, sink], silence: [[0, 1]], silence: [1], { boost: 2, heads: [1] }, { boost: 2, layers: 1 }, { boost: 2, target: [sink, prefix, random:1, random:2, not:sink] }, { boost: 2, schedule: ["per-turn:1,2,0.1"] } ]'.replace(
        '{ boost: 2, schedule: ["per-turn:1,2,0.1"] }',
        'boost: { schedule: ["per-turn:1,2,0.1", "per-token:1,2,0.1", "target:0.5"] }',
      ),
      'x.yaml',
    );
    const [first] = spec.models;
    const found = expanded({ arms, models: [first!], seeds: [0] });
    const group = found.filter((cell) => groupOf(cell) === groupOf(found[0]!));
    expect(group.length).toBeGreaterThan(20);
    expect(new Set(addresses(group)).size).toBe(group.length);
  });
});

describe('ranking', () => {
  const ranked: StudySpec = {
    ...spec,
    calibrate: { dialogues: 3 },
    arms: parseSpec(
      'name: x\nsources: organism\narms: [off, { boost: 2, heads: top 1 by share }, silence: bottom 2 by decay]',
      'x.yaml',
    ).arms,
  };
  const found = foundFor(ranked);
  const rankings = rankingCells(ranked, found, NOW);

  it('has no cells if no arm needs it', () => {
    expect(rankingCells(spec, foundFor(spec), NOW)).toEqual([]);
  });

  it('uses the last dialogues of each source, under the untouched model', () => {
    const last = [3, 2, 1].map((fromEnd) => 2 ** 20 - fromEnd);
    expect(
      rankings.map(({ kind, arm, labels: { model, source, index } }) => [
        kind,
        arm.name,
        model,
        source,
        index,
      ]),
    ).toEqual(
      ['organism', 'other'].flatMap((model) => [
        ...last.map((index) => ['ranking', 'off', model, 'organism', index]),
        ...last.map((index) => ['ranking', 'off', model, 'self-chat', index]),
      ]),
    );
    expect(new Set(addresses([...cells, ...rankings])).size).toBe(
      new Set(addresses(cells)).size + rankings.length,
    );
  });

  it('decides the heads of each model and source', () => {
    // On each model and source, one head keeps a large share; all others lose theirs, later heads more.
    const places = ['organism organism', 'organism self-chat', 'other organism', 'other self-chat'];
    const pairs = [
      [2, 1],
      [4, 1],
      [5, 1],
      [5, 3],
    ] as const;
    const kept = ({ model, source }: CellLabels): number => {
      const [layer, head] = pairs[places.indexOf(`${model} ${source}`)]!;
      return 5 * layer + head;
    };
    const records = rankings.map(
      ({ labels }): RankingRecord => ({
        ...labels,
        kind: 'ranking',
        scenario: '',
        system: '',
        heads: [1, 2, 3, 4, 5, 6].map((round) =>
          Array.from({ length: 30 }, (_, head) => (head === kept(labels) ? 0.9 : 0.5 - 0.001 * round * head)),
        ),
      }),
    );
    const cells = [...expand(ranked, found, NOW, records)];
    for (const [at, place] of places.entries()) {
      const arms = cells.filter(({ labels }) => `${labels.model} ${labels.source}` === place).slice(0, 3);
      expect(
        arms.map(({ arm }) => arm.settings),
        place,
      ).toMatchObject([
        { policy: 'off' },
        { pairs: [pairs[at]] },
        {
          policy: 'off',
          silence: [[2, 0], pairs[at]],
        },
      ]);
    }
  });
});
