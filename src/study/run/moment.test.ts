import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadFixture } from '../../../test/support/chat-fixtures.js';
import { DATED_TEMPLATE } from '../../../test/support/dated-model.js';
import { armOf } from '../../../test/support/scenario-fixtures.js';
import type { Model } from '../../engine/index.js';
import { chatFormat, currentMoment, parseMoment } from '../../text/index.js';
import type { Cell } from '../plan/index.js';
import { runCell } from './run-cell.js';
import { studyMoment } from './study-moment.js';

let dated: Model;
beforeAll(async () => {
  const model = await loadFixture('llama');
  dated = { ...model, format: chatFormat({ tokenizer: model.tokenizer!, template: DATED_TEMPLATE }) };
});
afterAll(() => dated.dispose());
afterEach(() => {
  vi.unstubAllGlobals();
});

const [MONDAY, TUESDAY] = ['2026-03-02', '2026-03-03'].map(parseMoment);

const cellOf = (kind: Cell['kind'], measure: Cell['measure'], now = MONDAY!): Cell => ({
  address: '',
  kind,
  measure,
  now,
  labels: {
    ...{ model: 'dated', executor: 'reference', precision: 'f32', source: 'talk', arm: 'an arm' },
    ...{ seed: 1, index: 0 },
  },
  model: { name: 'dated', path: '', executor: 'reference', precision: null },
  source: {
    ...{ kind: 'self-chat', name: 'talk', dialogues: 1, first: 0, rounds: 2 },
    ...{ material: null, groups: null },
  },
  arm: armOf({ policy: 'split-softmax', strength: 0.5, guidance: 1.5 }),
  settings: {
    ...{ sampling: { temperature: 0 }, maxTokens: 4, probeRounds: [2], probeRepeats: 1 },
    costs: { kl: 1, perplexity: 1, choice: { file: 'bundled', questions: 1 } },
  },
});

describe('a cell', () => {
  // The choice of a letter need not change with the date, so it is not compared.
  it.each<[Cell['kind'], Cell['measure']]>([
    ['dialogue', null],
    ['ranking', null],
    ['cost', 'kl'],
    ['cost', 'perplexity'],
  ])('of kind %s %s depends on its moment, and never reads the clock', async (kind, measure) => {
    const once = await runCell(dated, cellOf(kind, measure));
    vi.stubGlobal(
      'Date',
      class extends Date {
        constructor(...parts: [] | [number]) {
          if (parts.length === 0) throw new Error('the clock was read');
          super(...(parts as [number]));
        }
      },
    );
    expect(() => currentMoment()).toThrow('the clock was read');
    expect((await runCell(dated, cellOf(kind, measure))).record).toEqual(once.record);
    await runCell(dated, cellOf('cost', 'choice'));
    vi.unstubAllGlobals();
    expect((await runCell(dated, cellOf(kind, measure, TUESDAY!))).record).not.toEqual(once.record);
  });
});

describe('the moment of a study', () => {
  const models = [
    {
      name: 'm',
      path: '',
      hash: '',
      layers: 1,
      heads: 1,
      size: { parameters: 1, dialogueBytes: 1 },
      mayWriteTime: true,
    },
    {
      name: 'n',
      path: '',
      hash: '',
      layers: 1,
      heads: 1,
      size: { parameters: 1, dialogueBytes: 1 },
      mayWriteTime: false,
    },
  ];
  const study = (now = null as Cell['now'] | null) => ({ spec: { now }, models });
  const alone = { shard: null };

  it('is that of the specification, else the recorded one, else the given one', () => {
    expect(studyMoment(study(MONDAY), TUESDAY!, alone)).toBe(MONDAY);
    expect(studyMoment(study(), TUESDAY!, alone)).toBe(TUESDAY);
    expect(studyMoment(study(), null, { ...alone, now: '2026-03-02' })).toBe(MONDAY);
  });

  it('is given only as it is already', () => {
    expect(studyMoment(study(MONDAY), null, { ...alone, now: '2026-03-02T00:00Z' })).toBe(MONDAY);
    for (const [of, recorded] of [
      [study(MONDAY), null],
      [study(), MONDAY!],
    ] as const) {
      expect(() => studyMoment(of, recorded, { ...alone, now: '2026-03-03' })).toThrow(
        /E_USAGE: the study has the moment 2026-03-02T.* another was given: 2026-03-03T/,
      );
    }
  });

  it('must be known to a shard if a template can write it', () => {
    const shard = { index: 1, count: 2 };
    expect(() => studyMoment(study(), null, { shard })).toThrow(
      /E_USAGE: the shards need one moment, because the chat template of m can write/,
    );
    expect(studyMoment(study(MONDAY), null, { shard })).toBe(MONDAY);
    expect(studyMoment(study(), null, { shard, now: '2026-03-02' })).toBe(MONDAY);
    expect(studyMoment({ ...study(), models: models.slice(1) }, null, { shard })).toMatch(/^\d{4}-/);
  });
});
