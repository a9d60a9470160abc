import { describe, expect, it } from 'vitest';
import { armSpecOf, simulateStudy, type TrueArm } from '../../test/support/simulated-study.js';
import { analyse, type SliceAnalysis } from './analysis.js';
import { comparisonFindings, gainWords } from './comparison-words.js';
import { reportedContrasts } from './contrasts.js';
import { createInference } from './inference.js';
import { pooledEffects } from './pooled.js';
import { reportFiles } from './report.js';
import { slicesOf } from './slices.js';
import { columnsOf } from './study-columns.js';
import type { ReportedArm, StudyResult } from './study-result.js';
import { findings } from './words.js';

const FEW = { resamples: 600 };
const only = (study: StudyResult): SliceAnalysis => {
  const analyses = analyse(study, FEW);
  expect(analyses).toHaveLength(1);
  return analyses[0]!;
};

/** Simulates arms whose late stability is known, with the settings that make them curves. */
function studyOf(
  arms: readonly (TrueArm & { readonly settings?: Partial<ReportedArm> })[],
  options: { readonly dialogues?: number; readonly rounds?: number; readonly unlike?: number } = {},
): StudyResult {
  const study = simulateStudy({ dialogues: 60, rounds: 10, ...options, arms });
  const specs = arms.map((arm): ReportedArm => ({ ...armSpecOf(arm), ...arm.settings }));
  return { ...study, spec: { ...study.spec, arms: specs } };
}

const constant = (policy: string, strength: number): Partial<ReportedArm> => ({
  policy,
  schedule: { kind: 'constant', strength },
});
const OFF: TrueArm = { name: 'off', start: 0.5, slope: 0 };
/** Stability rises with √KL, more for split-softmax than for boost. */
const CURVES = [
  OFF,
  { name: 'k .9', start: 0.65, slope: 0, kl: 0.01, settings: constant('split-softmax', 0.9) },
  { name: 'k .7', start: 0.8, slope: 0, kl: 0.04, settings: constant('split-softmax', 0.7) },
  { name: 'M 2', start: 0.58, slope: 0, kl: 0.0225, settings: constant('boost', 2) },
  { name: 'M 4', start: 0.66, slope: 0, kl: 0.09, settings: constant('boost', 4) },
];

describe('gains at equal KL divergence', () => {
  const single = {
    name: 'growing',
    start: 0.8,
    slope: 0,
    kl: 0.0225,
    settings: { policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.1 } },
  } as const;
  const dear = { ...single, name: 'dear', kl: 0.25 };
  const { gains, ...found } = only(studyOf([...CURVES, single, dear]));
  const gainOf = (left: string, right: string) =>
    gains.filter((gain) => gain.left === left && gain.right === right);
  const SPLIT = 'split-softmax, target prefix';
  const BOOST = 'boost, target prefix';

  it('of two policies are found over the range that both cover, and in its middle', () => {
    const [over, middle] = gainOf(SPLIT, BOOST);
    expect(over).toMatchObject({ from: 0, to: expect.closeTo(0.04, 2) });
    // .5 + 1.5 √KL and .5 + .533 √KL: the mean difference to √.04 is .0967, as in the middle, at √KL = .1.
    for (const gain of [over!, middle!]) {
      expect(gain.difference.low).toBeGreaterThan(0);
      expect(gain.difference.low).toBeLessThan(0.0967);
      expect(gain.difference.high).toBeGreaterThan(0.0967);
      expect(gain.pHolm).toBeLessThan(0.05);
      expect(gainWords(gain, false)).toBe('better');
    }
    expect(middle!.from).toBeCloseTo(over!.to / 4, 12);
    expect(middle!.to).toBe(middle!.from);
  });

  it('of message and prefix, each with a held and a clean cache, are those of four curves', () => {
    const policy = (target: 'message' | 'prefix', more: Partial<ReportedArm> = {}) =>
      [0.9, 0.7].map(
        (k) => ({ ...constant('split-softmax', k), target: { kind: target }, ...more }) as const,
      );
    const rise = { 'message held': 1.5, 'message clean': 1, 'prefix held': 0.5, 'prefix clean': 0.7 };
    const curve = (name: keyof typeof rise, [weak, strong]: readonly Partial<ReportedArm>[]) => [
      { name: `${name} .9`, start: 0.5 + 0.1 * rise[name], slope: 0, kl: 0.01, settings: weak! },
      { name: `${name} .7`, start: 0.5 + 0.2 * rise[name], slope: 0, kl: 0.04, settings: strong! },
    ];
    const study = studyOf([
      OFF,
      ...curve('message held', policy('message')),
      ...curve('message clean', policy('message', { cache: 'clean' })),
      ...curve('prefix held', policy('prefix')),
      ...curve('prefix clean', policy('prefix', { cache: 'clean' })),
    ]);
    const ranges = only(study).gains.filter(({ from, to }) => from < to);
    expect(ranges.map(({ left, right }) => [left, right])).toEqual([
      ['split-softmax', 'split-softmax, clean cache'],
      ['split-softmax', 'split-softmax, target prefix'],
      ['split-softmax', 'split-softmax, target prefix, clean cache'],
      ['split-softmax, clean cache', 'split-softmax, target prefix'],
      ['split-softmax, clean cache', 'split-softmax, target prefix, clean cache'],
      ['split-softmax, target prefix', 'split-softmax, target prefix, clean cache'],
    ]);
    const differences = ranges.map(({ difference }) => difference);
    // Mean differences to √.04: a tenth of the difference of the rises.
    for (const [at, truth] of [0.05, 0.1, 0.08, 0.05, 0.03, -0.02].entries()) {
      expect(differences[at]!.low, ranges[at]!.right).toBeLessThan(truth);
      expect(differences[at]!.high, ranges[at]!.right).toBeGreaterThan(truth);
    }
  });

  it('of an arm on no curve are found at its own KL divergence', () => {
    const [gain] = gainOf('growing', SPLIT);
    const cost = found.costs.find(({ name }) => name === 'growing')!.kl!.value;
    expect(gain).toMatchObject({ from: cost, to: cost });
    expect(gain!.difference.low).toBeLessThan(0.075);
    expect(gain!.difference.high).toBeGreaterThan(0.075);
  });

  it('cannot be told outside the range of a curve', () => {
    const [gain] = gainOf('dear', SPLIT);
    expect(gain!.difference.value).toBeNaN();
    expect(gain!.pHolm).toBeNaN();
    expect(gainWords(gain!, false)).toBe(`cannot be told: outside the range of ${SPLIT}`);
    expect(
      gainWords({ ...gain!, difference: { value: 0.1, low: Number.NaN, high: Number.NaN } }, false),
    ).toMatch(/^cannot be told: fewer than/);
  });

  it('are corrected for all that were tested', () => {
    expect(gains.map(({ left, right }) => `${left} − ${right}`)).toEqual([
      `${SPLIT} − ${BOOST}`,
      `${SPLIT} − ${BOOST}`,
      ...['growing', 'dear'].flatMap((name) => [`${name} − ${SPLIT}`, `${name} − ${BOOST}`]),
    ]);
    const tested = gains.filter(({ p }) => !Number.isNaN(p));
    expect(tested).toHaveLength(4);
    expect(Math.min(...tested.map(({ pHolm }) => pHolm))).toBe(4 * Math.min(...tested.map(({ p }) => p)));
  });

  it('of curves without a common range cannot be told', () => {
    const apart = CURVES.slice(1).map((arm) =>
      arm.name.startsWith('M') ? { ...arm, kl: arm.kl! * 10 } : arm,
    );
    const [gain, ...others] = only(studyOf(apart)).gains;
    expect(others).toEqual([]);
    expect(gain!.from).toBeNaN();
    expect(gainWords(gain!, false)).toBe('cannot be told: they share no range of KL divergence');
  });

  it('cannot be told from too few held-out items', () => {
    const study = studyOf(CURVES);
    const records = study.records.filter(({ kind, index }) => kind !== 'cost' || index < 4);
    const { gains, trades } = only({ ...study, records });
    expect(gains.every(({ difference: { value, low } }) => !Number.isNaN(value) && Number.isNaN(low))).toBe(
      true,
    );
    expect(trades.map(({ frequency }) => frequency)).toEqual(trades.map(() => Number.NaN));
  });
});

type Dialogue = Extract<StudyResult['records'][number], { readonly kind: 'dialogue' }>;

/** Replaces the rounds of some dialogues. */
function withRounds(study: StudyResult, change: (dialogue: Dialogue) => Dialogue['rounds']): StudyResult {
  const records = study.records.map((record) =>
    record.kind === 'dialogue' ? { ...record, rounds: change(record) } : record,
  );
  return { ...study, records };
}

describe('a front', () => {
  const settings = { ...constant('split-softmax', 0.7), target: { kind: 'random', seed: 1 } } as const;
  const study = studyOf([...CURVES, { ...OFF, name: 'random span', kl: 0.001, settings }]);
  const ofOff = new Map(
    study.records.flatMap((record) =>
      record.kind === 'dialogue' && record.arm === 'off' ? [[record.index, record] as const] : [],
    ),
  );
  /** Gives the control the dialogues of off, in another order. */
  const withControl = (indexOf: (index: number) => number): SliceAnalysis =>
    only(
      withRounds(study, ({ arm, index, rounds }) =>
        arm === 'random span' ? ofOff.get(indexOf(index))!.rounds : rounds,
      ),
    );
  const membershipsOf = ({ trades }: SliceAnalysis): Record<string, string> =>
    Object.fromEntries(trades.map(({ name, membership }) => [name, membership]));

  it('is certain of clear gains, and uncertain of a control that gains nothing on average', () => {
    const analysis = withControl((index) => 59 - index);
    expect(membershipsOf(analysis)).toEqual({
      ...{ off: 'yes', 'k .9': 'yes', 'k .7': 'yes', 'M 2': 'no', 'M 4': 'no' },
      'random span': 'uncertain',
    });
    const control = analysis.trades.find(({ name }) => name === 'random span')!;
    expect(control.isControl).toBe(true);
    expect(control.frequency).toBeGreaterThan(0.3);
    expect(control.frequency).toBeLessThan(0.7);
    const words = comparisonFindings(analysis, study.spec).join('\n');
    expect(words).toMatch(
      /in at least 95 % of resamples: off \([^)]*\); k \.9 \([^)]*\); k \.7 \([^)]*\)\. Uncertain/,
    );
    expect(words).toMatch(/Uncertain, with the part of resamples: random span \(a control\) \(\d\d %\)\./);
  });

  it('never has a control that changes no answer, since it costs more', () => {
    expect(membershipsOf(withControl((index) => index))['random span']).toBe('no');
  });
});

describe('the time to the first loss', () => {
  /** Every probe is kept until, and lost from, a round given by the dialogue. */
  const lostFrom = (roundOf: (dialogue: Dialogue) => number): StudyResult =>
    withRounds(studyOf([OFF, { ...OFF, name: 'held' }], { dialogues: 40 }), (dialogue) =>
      dialogue.rounds.map((round) => ({
        ...round,
        obedience: null,
        probes: round.probes.map((probe) => ({ ...probe, score: round.round < roundOf(dialogue) ? 1 : 0 })),
      })),
    );
  // Under off dialogue i is lost from round 2 + (i mod 8), under held two rounds later; there are ten rounds.
  const study = lostFrom(({ arm, index }) => 2 + (index % 8) + (arm === 'held' ? 2 : 0));
  const { survival } = only(study);
  const [off, held] = survival;

  it('is counted in rounds, and censored in the last', () => {
    expect(survival.map(({ name, dialogues, lost, outcome }) => [name, dialogues, lost, outcome])).toEqual([
      ['off', 40, 40, 'probes'],
      ['held', 40, 35, 'probes'],
    ]);
    expect(off!.rounds.map(({ value }) => Math.round(1000 * value) / 1000)).toEqual([
      ...[1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0, 0],
    ]);
    expect([off!.median.value, held!.median.value]).toEqual([5, 7]);
    expect([off!.mean.value, held!.mean.value]).toEqual([
      5.5,
      expect.closeTo((4 + 5 + 6 + 7 + 8 + 9 + 10 + 10) / 8, 9),
    ]);
  });

  it('is compared in pairs', () => {
    const { difference, p, pHolm } = held!.beside!;
    expect(off!.beside).toBeNull();
    expect(difference.value).toBeCloseTo(held!.mean.value - off!.mean.value, 12);
    // Nearly all dialogues are held for two rounds more: a bound by their number.
    expect(difference.low).toBeGreaterThan(0.5);
    expect(p).toBeLessThan(0.01);
    expect(pHolm).toBe(p);
    const words = comparisonFindings(only(study), study.spec).join('\n');
    expect(words).toContain('under off, 40 of 40 dialogues lose the prompt; median round: 5 [');
    expect(words).toContain('Lost later than under off, on average: held +1.9 [');
  });

  it('has a median that is not reached if most dialogues keep the prompt', () => {
    const kept = lostFrom(({ index }) => (index % 4 === 0 ? 6 : 99));
    const analysis = only(kept);
    expect(analysis.survival[0]!.median.value).toBe(Number.POSITIVE_INFINITY);
    expect(analysis.survival[0]!.rounds.at(-1)!.value).toBeCloseTo(0.75, 12);
    expect(comparisonFindings(analysis, kept.spec).join('\n')).toContain(
      'under off, 10 of 40 dialogues lose the prompt; median round: not reached',
    );
  });

  it('is that of the own answers where no probes were asked, and absent where nothing was judged', () => {
    const unprobed = withRounds(study, ({ arm, index, rounds }) =>
      rounds.map((round) => ({
        ...round,
        probes: [],
        obedience:
          round.round % 2 === 0 ? null : round.round < 3 + (index % 4) + (arm === 'held' ? 2 : 0) ? 1 : 0,
      })),
    );
    const [own] = only(unprobed).survival;
    expect(own).toMatchObject({ outcome: 'obedience', lost: 40, median: { value: 5 } });
    expect(own!.rounds.map(({ round }) => round)).toEqual([1, 3, 5, 7, 9]);
    const nothing = withRounds(study, ({ rounds }) =>
      rounds.map((round) => ({ ...round, probes: [], obedience: null })),
    );
    expect(only(nothing).survival).toEqual([]);
  });
});

describe('share and stability', () => {
  const study = studyOf([OFF], { dialogues: 60 });
  /** A long prompt has a larger share, and is obeyed less. */
  const byLength = withRounds(study, ({ index, rounds }) => {
    const systemTokens = 10 + (index % 10);
    return rounds.map((round) => {
      const share = (2 * systemTokens) / round.contextTokens + ((index * 7) % 11) * 1e-4;
      const score = Math.max(0, Math.min(1, 1 - systemTokens / 25 + ((index * 5) % 13) / 40));
      return {
        ...round,
        systemTokens,
        share: { before: share, after: share },
        probes: round.probes.map((probe) => ({ ...probe, score })),
      };
    });
  });

  it('that both follow from the length of the prompt correlate, and no longer if it is given', () => {
    const [{ overDialogues, byLength: given }] = only(byLength).correlations as [
      SliceAnalysis['correlations'][number],
    ];
    expect(overDialogues.high).toBeLessThan(-0.5);
    expect(given!.ofShare.value).toBeGreaterThan(0.98);
    expect(given!.given.low).toBeLessThan(0);
    expect(given!.given.high).toBeGreaterThan(0);
  });

  it('are compared without lengths in records that have none', () => {
    const old = withRounds(byLength, ({ rounds }) =>
      rounds.map((round) => ({ ...round, systemTokens: null })),
    );
    const analysis = only(old);
    expect(analysis.correlations[0]!.byLength).toBeNull();
    expect(analysis.correlations[0]!.overDialogues.high).toBeLessThan(-0.5);
    expect(findings(analysis, old.spec).join('\n')).not.toContain('token fraction');
    expect(findings(only(byLength), byLength.spec).join('\n')).toMatch(
      /Over dialogues, in rounds \d+–\d+: dialogues with a larger share are less stable .*\n.*Share and token fraction .*: the share follows it .*given the token fraction: no correlation is seen/,
    );
  });
});

describe('pooling over models', () => {
  const arms = [OFF, { name: 'held', start: 0.7, slope: 0, kl: 0.02, lift: 1.5 }];
  const one = studyOf(arms, { dialogues: 40 });
  const windows = { early: [1, 3], late: [6, 10] } as const;
  const pooledOf = (study: StudyResult, slices = slicesOf(columnsOf(study))) =>
    pooledEffects(slices, { ...study.spec, ...windows }, reportedContrasts(study), createInference(FEW));
  /** Adds models; each has the dialogues of another simulation, on the same prompts. */
  const withModels = (seeds: readonly number[]): StudyResult => {
    const records = seeds.flatMap((seed) =>
      simulateStudy({ arms, dialogues: 40, rounds: 10, seed }).records.map((record) => ({
        ...record,
        model: `seed ${seed}`,
      })),
    );
    const spec = { ...one.spec.models[0]! };
    const models = seeds.map((seed) => ({ ...spec, name: `seed ${seed}` }));
    return {
      ...one,
      spec: { ...one.spec, models },
      models: models.map(({ name }) => ({ ...one.models[0]!, name })),
      records,
      timings: [],
    };
  };

  it('finds the mean effect, in every window', () => {
    const pooled = pooledOf(withModels([1, 2, 3]));
    expect(pooled.map(({ over, arm, against, window }) => [over, arm, against, window])).toEqual(
      ['early', 'late', 'last'].map((window) => ['3 models', 'held', 'off', window]),
    );
    expect(pooled[0]!.models).toEqual(['seed 1', 'seed 2', 'seed 3']);
    for (const { pooled: found } of pooled.slice(0, 2)) {
      expect(found.mean.low).toBeLessThan(0.2);
      expect(found.mean.high).toBeGreaterThan(0.2);
      expect(found.mean.low).toBeGreaterThan(0);
      expect(found.prediction.high).toBeGreaterThan(found.mean.high);
    }
  });

  it('counts an error that models share once, not once for each', () => {
    // Three copies of one model are no more evidence than the model alone.
    const copies = withModels([1, 2, 3]);
    const records = copies.records.filter(({ model }) => model === 'seed 1');
    const [first] = slicesOf(columnsOf({ ...copies, records }));
    const slices = ['a', 'b', 'c'].map((model) => ({ ...first!, labels: { ...first!.labels, model } }));
    const named = ['a', 'b', 'c'].map((name) => ({ ...copies.spec.models[0]!, name }));
    const [, late] = pooledOf({ ...copies, spec: { ...copies.spec, models: named } }, slices);
    const { difference } = analyse(copies, FEW)[0]!.effects.find(
      ({ arm, window }) => arm === 'held' && window === 'late',
    )!;
    const { mean } = late!.pooled;
    expect(mean.high - mean.low).toBeGreaterThan(difference.high - difference.low);
    // Nor do they differ: all variance lies between their dialogues.
    expect(late!.shares.model).toBeLessThan(1e-6);
    expect(late!.shares.prompt).toBeGreaterThan(0.999);
  });

  it('pools training seeds of one recipe by themselves, with an interval over seeds and one within these', () => {
    const study = withModels([1, 2, 3, 4]);
    const recipes = ['soft', 'soft', 'soft', 'sharp'];
    const models = study.spec.models.map((model, at) => ({
      ...model,
      trained: { recipe: recipes[at]!, seed: at },
    }));
    // One seed holds by more, in every dialogue.
    const records = study.records.map((record) =>
      record.kind === 'dialogue' && record.model === 'seed 3' && record.arm === 'off'
        ? {
            ...record,
            rounds: record.rounds.map((round) => ({
              ...round,
              probes: round.probes.map((probe) => ({ ...probe, score: 0 })),
            })),
          }
        : record,
    );
    const seeds = pooledOf({ ...study, records, spec: { ...study.spec, models } });
    expect(new Set(seeds.map(({ over }) => over))).toEqual(new Set(['3 training seeds of soft']));
    const late = seeds.find(({ window }) => window === 'late')!;
    const widthOf = ({ low, high }: { low: number; high: number }): number => high - low;
    expect(widthOf(late.pooled.mean)).toBeGreaterThan(3 * widthOf(late.within));
    expect(late.within.value).toBeCloseTo(late.pooled.mean.value, 1);
    expect(late.shares.model).toBeGreaterThan(0.5);
    expect(late.shares.model! + late.shares.prompt! + late.shares.rest!).toBeCloseTo(1, 9);
    expect(late.shares.dialogue).toBeNull();
  });

  it('needs two models, and stands in page, Markdown and tables if there are', async () => {
    expect(pooledOf(one)).toEqual([]);
    const files = await reportFiles(withModels([1, 2]), { resamples: 100, dialogues: 1 });
    const textOf = (path: string): string => files.find((file) => file.path === path)!.text;
    expect(textOf('tables/pooled.csv').split('\n')[1]).toMatch(/^organism,2 models,held,off,early,/);
    expect(textOf('report.md')).toContain('## Over models');
    expect(textOf('index.html')).toContain('<h2>Over models</h2>');
    for (const path of ['index.html', 'report.md', 'tables/pooled.csv']) {
      expect(textOf(path).replace(/<script>[\s\S]*<\/script>/, ''), path).not.toMatch(
        /NaN|undefined|Infinity/,
      );
    }
  });
});
