import type { Column, DataTable } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { gainWords, lossText, NOT_REACHED } from './comparison-words.js';
import { effectWords } from './effect-words.js';
import { CERTAIN } from './front.js';
import type { PooledEffectOfArms, PooledSource } from './pooled.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/** Returns the tables of one slice on fronts, gains at equal cost and times to the first loss; those without rows too. */
export function comparisonTables(analysis: SliceAnalysis, spec: ReportedSpec): DataTable[] {
  return [survivalTable(analysis), keptTable(analysis), frontTable(analysis), gainsTable(analysis, spec)];
}

const ARM: Column = { name: 'arm', heading: 'arm' };
const P: Column = { name: 'p', heading: 'p', digits: 4 };
const CORRECTED: Column = { name: 'p_holm', heading: 'p, corrected', digits: 4 };

function survivalTable({ survival, slice: { baseline }, floor }: SliceAnalysis): DataTable {
  const last = survival[0]?.rounds.at(-1)?.round ?? 0;
  return {
    name: 'survival',
    title: 'Time to the first loss',
    note:
      `A dialogue loses the prompt in ${lossText(survival[0]?.outcome ?? 'probes')}; one that never does is censored in its last. Median: the first round by which half have lost it (Kaplan–Meier). ` +
      `Kept: the fraction that has not lost it by round ${last}. Mean: rounds until the loss, where one that is not lost counts ${last}.`,
    columns: [
      ARM,
      { name: 'dialogues', heading: 'dialogues', digits: 0 },
      { name: 'lost', heading: 'lost', digits: 0 },
      { name: 'median', heading: 'median round', digits: 0, infinite: NOT_REACHED },
      { name: 'kept', heading: 'kept' },
      { name: 'mean', heading: 'mean rounds', digits: 1 },
      {
        ...{ name: 'difference', heading: `− ${baseline}`, digits: 1, signed: true },
        note: `− ${baseline}: the difference of the mean rounds, on the dialogues that both have.`,
      },
      { ...P, note: 'p: two-sided paired permutation test of log-rank scores.' },
      { ...CORRECTED, note: 'p, corrected: Holm, over these tests of the study.' },
      { name: 'words', heading: 'in words' },
    ],
    rows: survival.map(({ name, dialogues, lost, median, rounds, mean, beside }) => [
      name,
      dialogues,
      lost,
      median,
      rounds.at(-1)!,
      mean,
      beside?.difference ?? null,
      beside?.p ?? null,
      beside?.pHolm ?? null,
      beside === null ? null : effectWords(beside, { name: baseline, atFloor: floor !== null }),
    ]),
  };
}

function keptTable({ survival }: SliceAnalysis): DataTable {
  return {
    name: 'kept',
    title: 'Dialogues that have not lost the prompt, round by round',
    note: "Dialogues at risk and lost in each round, and the Kaplan–Meier estimate of the fraction that has not lost the prompt: with the interval of a bootstrap over clusters, and with Greenwood's, which takes dialogues as independent.",
    columns: [
      ARM,
      { name: 'round', heading: 'round', digits: 0 },
      { name: 'at_risk', heading: 'at risk', digits: 0 },
      { name: 'lost', heading: 'lost', digits: 0 },
      { name: 'kept', heading: 'kept' },
      { name: 'greenwood', heading: 'if independent' },
    ],
    rows: survival.flatMap(({ name, rounds, steps }) =>
      steps.map(({ time, atRisk, lost, kept, low, high }) => [
        name,
        time,
        atRisk,
        lost,
        rounds.find(({ round }) => round === time) ?? null,
        { value: kept, low, high },
      ]),
    ),
  };
}

function frontTable({ trades, floor }: SliceAnalysis): DataTable {
  const sure = Math.round(100 * CERTAIN);
  return {
    name: 'front',
    title: 'Stability against cost',
    note:
      'An arm is on the Pareto front if no other arm is as good in late stability and in KL divergence and better in one of the two. ' +
      `Resamples: how often it is on the front if dialogues and held-out items are drawn again, for all arms together. Yes and no: in at least and at most ${sure} and ${100 - sure} of 100; otherwise uncertain. ` +
      'A control acts on something else than the prompt, or on heads chosen at random.' +
      (floor === null ? '' : ' The model is at the floor: being on the front does not make an arm better.'),
    columns: [
      ARM,
      { name: 'stability_late', heading: 'stability, late' },
      { name: 'kl', heading: 'KL', digits: 4 },
      { name: 'resamples', heading: 'resamples', digits: 3 },
      { name: 'on_front', heading: 'on the front' },
      { name: 'control', heading: 'control' },
    ],
    rows: trades.map(({ name, benefit, cost, onFront, frequency, membership, isControl }) => [
      name,
      benefit,
      cost,
      frequency,
      Number.isNaN(frequency) ? `${onFront ? 'yes' : 'no'}, by its values` : membership,
      isControl ? 'a control' : null,
    ]),
  };
}

function gainsTable({ gains, floor }: SliceAnalysis, { late }: ReportedSpec): DataTable {
  return {
    name: 'equal-kl',
    title: 'Policies at equal KL divergence',
    note:
      `Late stability (${roundsText(late)}), left minus right, at the same KL divergence from the untouched model. A policy at several strengths is a curve from the untouched model through its arms, linear in √KL between them and not continued beyond them. ` +
      'Two curves are compared over the range that both cover (mean difference) and in its middle; an arm that is on no curve at its own KL. Intervals are from a bootstrap over the whole procedure: dialogues and held-out items are drawn, and stability, KL and curves computed again. ' +
      'p: twice the fraction of resamples beyond zero; corrected: Holm, over these comparisons of the study.',
    columns: [
      { name: 'left', heading: 'left' },
      { name: 'right', heading: 'right' },
      { name: 'kl_from', heading: 'KL from', digits: 4 },
      { name: 'kl_to', heading: 'to', digits: 4 },
      { name: 'difference', heading: 'left − right', signed: true },
      P,
      CORRECTED,
      { name: 'words', heading: 'in words' },
    ],
    rows: gains.map((gain) => [
      gain.left,
      gain.right,
      gain.from,
      gain.to,
      gain.difference,
      gain.p,
      gain.pHolm,
      gainWords(gain, floor !== null),
    ]),
  };
}

/** Returns the table of differences pooled over models and training seeds; without rows for a study with one model. */
export function pooledTable(pooled: readonly PooledEffectOfArms[], { early, late }: ReportedSpec): DataTable {
  const part = (name: PooledSource, heading: string): Column => ({ name, heading: `${heading}, part` });
  return {
    name: 'pooled',
    title: 'Over models',
    note:
      `Differences of stability, early (${roundsText(early)}), late (${roundsText(late)}) and in the last probed round, pooled over models, or over training seeds of one recipe. ` +
      'Models share dialogues, which is taken into account. A dash: cannot be told, or not told apart from the next column.',
    columns: [
      { name: 'source', heading: 'source' },
      { name: 'over', heading: 'over' },
      ARM,
      { name: 'against', heading: 'against' },
      { name: 'rounds', heading: 'rounds' },
      {
        ...{ name: 'difference', heading: 'difference', signed: true },
        note: 'Difference: by random effects, where each model or training seed is one observation (REML; interval of Knapp and Hartung, at least as wide as without differences between models). With few of them the interval is wide.',
      },
      {
        ...{ name: 'within', heading: 'of these alone', signed: true },
        note: 'Of these alone: the mean difference over prompts for these models or training seeds; its interval says nothing about others.',
      },
      {
        ...{ name: 'one_more', heading: 'one more', signed: true },
        note: 'One more: the 95 % interval of the true difference in one more model or training seed like these; it needs three.',
      },
      {
        ...{ name: 'tau', heading: 'τ', digits: 3 },
        note: 'τ: standard deviation of the true differences between models or seeds.',
      },
      {
        name: 'i_squared',
        heading: 'I²',
        note: 'I²: the part of the variance of their estimates that is between them.',
      },
      {
        ...part('model', 'model'),
        note: 'Part: of the variance of the difference in a single dialogue, the part that lies between models or training seeds, between prompts, between dialogues of a prompt, and the rest (a model on a dialogue, and chance), by a mixed model with models crossed with prompts (REML).',
      },
      part('prompt', 'prompt'),
      part('dialogue', 'dialogue'),
      part('rest', 'rest'),
    ],
    rows: pooled.map(({ source, over, arm, against, window, within, shares, pooled: effect }) => [
      ...[source, over, arm, against, window, effect.mean, within],
      Number.isNaN(effect.prediction.low) ? null : { value: effect.mean.value, ...effect.prediction },
      Math.sqrt(effect.betweenVariance),
      effect.heterogeneity,
      ...[shares.model, shares.prompt, shares.dialogue, shares.rest],
    ]),
  };
}
