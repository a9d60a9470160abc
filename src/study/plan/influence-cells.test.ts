import { describe, expect, it } from 'vitest';
import { foundFor } from '../../../test/support/study-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { parseSpec, type StudySpec } from '../spec/index.js';
import type { Cell } from './cell.js';
import { expand } from './expand.js';
import { complaintsAbout } from './find-named.js';
import { lockedAnalysisOf } from './locked-analysis.js';
import { groupOf } from './shard.js';

const spec = (lines: string): StudySpec =>
  parseSpec(
    `name: x\nsources: [organism: { dialogues: 4, rounds: 4 }]\nseeds: [0, 1]\narms: [off, boost: [2, 3], no-system]\n${lines}`,
    'x.yaml',
  );
const WITHOUT = spec('');
const WITH = spec('influence: { dialogues: 3 }');
const cellsOf = (of: StudySpec): readonly Cell[] => [...expand(of, foundFor(of), NOW, [])];
const influence = cellsOf(WITH).filter(({ kind }) => kind === 'influence');

describe('the cells of influence', () => {
  it('come after all others, whose addresses and plan they leave as they are', () => {
    const others = cellsOf(WITHOUT);
    expect(cellsOf(WITH).slice(0, others.length)).toEqual(others);
    expect(cellsOf(WITH)).toHaveLength(others.length + influence.length);
    expect(lockedAnalysisOf(WITHOUT).plan).not.toHaveProperty('influence');
    expect(lockedAnalysisOf(WITH).sha256).not.toBe(lockedAnalysisOf(WITHOUT).sha256);
  });

  it('measure every arm with a system message on the dialogues of the untouched model', () => {
    expect(influence).toHaveLength(2 * 3 * 3);
    for (const { labels, influence: task, arm } of influence) {
      expect(arm.noSystem).toBe(false);
      const dialogue = cellsOf(WITH).find(({ address }) => address === task!.dialogue)!;
      expect(dialogue).toMatchObject({ kind: 'dialogue', labels: { ...labels, arm: 'off' } });
      expect(groupOf({ kind: 'influence', measure: null, labels })).toBe(groupOf(dialogue));
    }
  });

  it('are left out, as dialogues and costs are, of an arm that does not measure them', () => {
    const of = parseSpec(
      'name: x\nsources: [organism: { dialogues: 4, rounds: 4 }]\nseeds: [0, 1]\n' +
        'arms: [off, { boost: 2, measure: influence }, { boost: 3, measure: costs }, { no-system: true, measure: dialogues }]\n' +
        'influence: { dialogues: 3 }',
      'x.yaml',
    );
    const counts: Record<string, number> = {};
    for (const { kind, labels } of cellsOf(of)) {
      counts[`${labels.arm}: ${kind}`] = (counts[`${labels.arm}: ${kind}`] ?? 0) + 1;
    }
    const costs = cellsOf(WITH).filter(({ kind, labels }) => kind === 'cost' && labels.arm === 'off').length;
    expect(counts).toMatchObject({
      'off: dialogue': 8,
      'off: cost': costs,
      'off: influence': 6,
      'boost, M = 2: influence': 6,
      'boost, M = 3: cost': costs,
      'no-system: dialogue': 8,
    });
    const arms = Object.keys(counts).filter((key) => !key.startsWith('off'));
    expect(arms).toHaveLength(3);
    // What is measured has the same address as in a study that measures everything.
    const whole = new Set(cellsOf(WITH).map(({ address }) => address));
    for (const { address } of cellsOf(of)) expect(whole).toContain(address);
  });

  it("compare a prompt with another dialogue's, and with none", () => {
    for (const { labels, influence: task } of influence) {
      const [others, none] = task!.references;
      expect(none).toEqual({ name: 'none', system: null });
      expect(others!.name).toBe('others');
      // The prompts of this source are their indices as JSON.
      expect(JSON.parse(others!.system!).index).not.toBe(labels.index);
    }
  });

  it('have addresses of their own for other references, rounds and dialogues, and not for another number of them', () => {
    const addresses = (lines: string) =>
      cellsOf(spec(lines)).flatMap(({ kind, address }) => (kind === 'influence' ? [address] : []));
    const own = addresses('influence: { dialogues: 3 }');
    expect(new Set(own).size).toBe(own.length);
    const more = addresses('influence: { dialogues: 4 }');
    expect(own.every((address) => more.includes(address))).toBe(true);
    for (const other of [
      'influence: { dialogues: 3, references: none }',
      'influence: { dialogues: 3, rounds: [1, 4] }',
      'influence: { dialogues: 3 }\nmax-tokens: 7',
    ]) {
      expect(addresses(other).some((address) => own.includes(address))).toBe(false);
    }
  });

  it('of the total effect come last, on the own dialogues of each arm that leads some', () => {
    const withInfluence = (keys: string) =>
      parseSpec(
        'name: x\nsources: [organism: { dialogues: 4, rounds: 4 }]\nseeds: [0, 1]\n' +
          'arms: [off, boost: 2, no-system, { boost: 3, measure: [costs, influence] }]\n' +
          `influence: { ${keys} }`,
        'x.yaml',
      );
    const all = cellsOf(withInfluence('dialogues: 3, total: true'));
    const isTotal = ({ influence: task }: Cell): boolean => task?.effect === 'total';
    const total = all.filter(isTotal);
    expect(total.map(({ labels }) => labels.arm)).toEqual(Array(6).fill(['off', 'boost, M = 2']).flat());
    expect(all.slice(-total.length)).toEqual(total);
    for (const { labels, influence: task } of total) {
      const dialogue = all.find(({ address }) => address === task!.dialogue)!;
      expect(dialogue).toMatchObject({ kind: 'dialogue', labels });
    }
    expect(new Set(all.map(({ address }) => address)).size).toBe(all.length);
    // The direct cells are those of a study without it.
    const direct = cellsOf(withInfluence('dialogues: 3'));
    expect(all.filter((cell) => !isTotal(cell)).map(({ address }) => address)).toEqual(
      direct.map(({ address }) => address),
    );
  });

  it('compare a prompt with its paraphrase, and are refused for a prompt without one', () => {
    const paraphrased = (texts: string) =>
      spec(`influence: { dialogues: 3, references: paraphrase, paraphrases: { ${texts} } }`);
    const { scenarios } = foundFor(WITH).sources.get('organism')!;
    const names = [0, 1, 2].map((index) => scenarios.at(index).id);
    const own = paraphrased(names.map((name, at) => `"${name}": In other words ${at}`).join(', '));
    const cells = cellsOf(own).filter(({ kind }) => kind === 'influence');
    for (const { labels, influence: task } of cells) {
      expect(task!.references).toEqual([{ name: 'paraphrase', system: `In other words ${labels.index}` }]);
    }
    expect(cells).toHaveLength(influence.length);
    expect(complaintsAbout(own, foundFor(own))).toEqual([]);
    const short = paraphrased(`"${names[1]}": In other words`);
    expect(complaintsAbout(short, foundFor(short))).toEqual([
      {
        key: 'sources',
        name: 'organism',
        text: `paraphrases has none of these prompts of the source "organism", whose influence is measured: ${names[0]}, ${names[2]}`,
      },
    ]);
    expect(lockedAnalysisOf(own).sha256).not.toBe(lockedAnalysisOf(paraphrased(`"${names[1]}": b`)).sha256);
  });

  it('are refused beside others where all dialogues have one prompt', () => {
    const found = foundFor(WITH);
    const [[name, source]] = [...found.sources] as [
      [string, ReturnType<typeof foundFor>['sources'] extends ReadonlyMap<string, infer S> ? S : never],
    ];
    const at = (index: number) => ({ ...source.scenarios.at(index), system: 'The one.' });
    const single = {
      ...found,
      sources: new Map([[name, { ...source, scenarios: { ...source.scenarios, at } }]]),
    };
    expect(complaintsAbout(WITH, single)).toEqual([
      {
        key: 'sources',
        name: 'organism',
        text: 'all dialogues of the source "organism" have one prompt, so influence has no others to compare with: use the reference none',
      },
    ]);
    expect(complaintsAbout(spec('influence: { references: none }'), single)).toEqual([]);
    expect(complaintsAbout(WITHOUT, single)).toEqual([]);
  });

  it('compare the one prompt of all dialogues with the unrelated prompt of each', () => {
    const found = foundFor(WITH);
    const [name, source] = [...found.sources][0]!;
    const at = (index: number) => ({
      ...source.scenarios.at(index),
      ...{ system: 'The one.', unrelated: { id: `u${index}`, system: `Unrelated ${index}` } },
    });
    const single = {
      ...found,
      sources: new Map([[name, { ...source, scenarios: { ...source.scenarios, at } }]]),
    };
    expect(complaintsAbout(WITH, single)).toEqual([]);
    const cells = [...expand(WITH, single, NOW, [])].filter(({ kind }) => kind === 'influence');
    expect(cells).toHaveLength(influence.length);
    for (const { labels, influence: task } of cells) {
      expect(task!.references[0]).toEqual({ name: 'others', system: `Unrelated ${labels.index}` });
    }
  });
});
