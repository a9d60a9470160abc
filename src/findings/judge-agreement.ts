import { grouped } from '../grouped.js';
import {
  type AgreementTable,
  bootstrap,
  cohenKappa,
  correctedRate,
  type EffectiveRate,
  type Estimate,
  effectiveRate,
  kappaOf,
  rateEstimate,
  type Score,
} from '../statistics/index.js';
import { type JudgedAnswer, passes } from './judged-answers.js';
import type { Label } from './label-file.js';
import { strataOf } from './label-sample.js';
import type { SliceLabels } from './slice-labels.js';

/** How far a person's labels agree with the judges, and what the study's stability is without the judges' errors. */
export interface JudgeAgreement {
  /** Each kind of rule with a label, by name; `all` comes first. */
  readonly rules: readonly RuleAgreement[];
  /** Each arm of each model and source, in the order of the plan. */
  readonly arms: readonly ArmStability[];
  /** Different answers whose kind of rule and score have no label: nothing is known of them. */
  readonly unlabelled: number;
}

/** Agreement on the answers that one kind of rule judges. All rates hold for all answers of the study, not the sample. */
export interface RuleAgreement {
  readonly rule: string;
  readonly labels: number;
  /** Different prompts of the labelled answers. */
  readonly prompts: number;
  readonly kappa: Estimate;
  /** Mean score of the answers that the person passes. */
  readonly sensitivity: Estimate;
  /** One minus the mean score of the answers that the person fails. */
  readonly specificity: Estimate;
}

/** The stability of an arm over all its probes. */
export interface ArmStability {
  readonly labels: SliceLabels;
  readonly arm: string;
  readonly answers: number;
  readonly raw: Estimate;
  /** By Rogan and Gladen's formula; NaN if the judges tell nothing. */
  readonly corrected: Estimate;
}

/** A labelled answer. `weight` is the number of answers of its stratum that it stands for. */
interface Labelled {
  readonly answer: JudgedAnswer;
  readonly follows: boolean;
  readonly weight: number;
}

/**
 * Compares labels with scores. The sample is stratified, so each label counts as many times as there are answers to each
 * label of its stratum (Begg and Greenes 1983). Intervals count prompts as independent, not answers.
 * @param answers all answers of the study
 * @param labels at least one, of these answers
 */
export function judgeAgreement(answers: readonly JudgedAnswer[], labels: readonly Label[]): JudgeAgreement {
  const follows = new Map(labels.map((label) => [label.id, label.follows]));
  const strata = strataOf(answers);
  const labelled: Labelled[] = [];
  let unlabelled = 0;
  for (const stratum of strata.values()) {
    const own = stratum.filter(({ id }) => follows.has(id));
    if (own.length === 0) unlabelled += stratum.length;
    const weight = stratum.length / own.length;
    labelled.push(...own.map((answer) => ({ answer, follows: follows.get(answer.id)!, weight })));
  }
  const kinds = [...new Set(labelled.map(({ answer }) => answer.rule))].sort();
  const errors = errorsOf(labelled);
  return {
    rules: [
      agreementOn('all', labelled),
      ...kinds.map((rule) =>
        agreementOn(
          rule,
          labelled.filter(({ answer }) => answer.rule === rule),
        ),
      ),
    ],
    arms: armsOf(answers).map((own) => stabilityOf(own, errors)),
    unlabelled,
  };
}

function agreementOn(rule: string, labelled: readonly Labelled[]): RuleAgreement {
  const { sensitivity, specificity } = errorsOf(labelled);
  return {
    rule,
    labels: labelled.length,
    prompts: new Set(labelled.map(({ answer }) => answer.prompt)).size,
    kappa: kappaEstimate(labelled),
    sensitivity: rateEstimate(sensitivity),
    specificity: rateEstimate(specificity),
  };
}

/** Returns κ with its bootstrap interval over prompts. */
function kappaEstimate(labelled: readonly Labelled[]): Estimate {
  const tables = clustered(labelled).map(tableOf);
  const whole = tableOf(labelled);
  const value = cohenKappa(whole);
  if (whole.onlyFirst + whole.onlySecond > 0)
    return bootstrap(tables.length, kappaOf(tables), { expanded: true });
  // Without a disagreement every resample has κ = 1. The bound of the rate of disagreement bounds κ instead.
  const agreement = rateEstimate(rateOf(labelled, () => 1)).low;
  const total = whole.bothPass + whole.bothFail;
  const chance = (whole.bothPass / total) ** 2 + (whole.bothFail / total) ** 2;
  return { value, low: Number.isNaN(value) ? value : 1 - (1 - agreement) / (1 - chance), high: value };
}

function tableOf(labelled: readonly Labelled[]): AgreementTable {
  const sum = (judge: boolean, person: boolean): number =>
    labelled
      .filter(({ answer, follows }) => passes(answer) === judge && follows === person)
      .reduce((total, { weight }) => total + weight, 0);
  return {
    bothPass: sum(true, true),
    onlyFirst: sum(true, false),
    onlySecond: sum(false, true),
    bothFail: sum(false, false),
  };
}

/** The judges' sensitivity and specificity. Scores between 0 and 1 count in part. */
interface JudgeErrors {
  readonly sensitivity: EffectiveRate;
  readonly specificity: EffectiveRate;
}

function errorsOf(labelled: readonly Labelled[]): JudgeErrors {
  return {
    sensitivity: rateOf(
      labelled.filter(({ follows }) => follows),
      ({ score }) => score,
    ),
    specificity: rateOf(
      labelled.filter(({ follows }) => !follows),
      ({ score }) => 1 - score,
    ),
  };
}

function rateOf(labelled: readonly Labelled[], value: (answer: JudgedAnswer) => number): EffectiveRate {
  const clusters = clustered(labelled).map((own) => ({
    sum: own.reduce((sum, { answer, weight }) => sum + weight * value(answer), 0),
    count: own.reduce((sum, { weight }) => sum + weight, 0),
  }));
  return effectiveRate(clusters, labelled.length);
}

const clustered = (labelled: readonly Labelled[]): Labelled[][] => [
  ...grouped(labelled, ({ answer }) => answer.cluster).values(),
];

const armsOf = (answers: readonly JudgedAnswer[]): JudgedAnswer[][] => [
  ...grouped(answers, ({ labels, arm }) => JSON.stringify([Object.values(labels), arm])).values(),
];

function stabilityOf(
  answers: readonly JudgedAnswer[],
  { sensitivity, specificity }: JudgeErrors,
): ArmStability {
  const [{ labels, arm }] = answers as readonly [JudgedAnswer];
  const clusters = [...grouped(answers, ({ cluster }) => cluster).values()].map(
    (own): Score => ({ sum: own.reduce((sum, { score }) => sum + score, 0), count: own.length }),
  );
  const rate = effectiveRate(clusters, answers.length);
  return {
    labels,
    arm,
    answers: answers.length,
    raw: rateEstimate(rate),
    corrected: correctedRate(rate, sensitivity, specificity),
  };
}
