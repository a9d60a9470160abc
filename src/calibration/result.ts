import type { HoldFile } from '../dialogue/index.js';
import type { StudyResult } from '../findings/index.js';
import type { Estimate } from '../statistics/index.js';
import type { ArmSpec } from '../study/index.js';
import { type Candidate, type Choice, chooseSetting } from './choose.js';
import { type ArmOutcome, costOf, countedGain, type OutcomeReading, outcomesOf } from './outcome.js';
import type { Outcome } from './prompt-study.js';
import { comparedRounds, controlOf, holdSettings, isControl, type Rounds } from './settings.js';

/** A setting that was tried: its outcome, its gains and its cost on the calibration dialogues. */
export interface Tried extends Candidate {
  readonly late: Estimate;
}

/** What was found on the calibration dialogues. */
export interface Choosing {
  /** The rounds in which the outcome is compared. */
  readonly late: Rounds;
  /** The untouched model. */
  readonly off: ArmOutcome;
  readonly tried: readonly Tried[];
  readonly choice: Choice;
  /** Settings that could not be measured, with the reason. */
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/** The test of the chosen setting on other dialogues. */
export interface Confirmation {
  readonly off: ArmOutcome;
  readonly held: ArmOutcome;
  /** The same policy on a random span; null with rules. */
  readonly control: ArmOutcome | null;
}

/** The level of the test, and of the intervals. */
const LEVEL = 0.05;

/** Reads the study that tried settings, and chooses one. */
export function chosenIn(study: StudyResult, reading: OutcomeReading, budget: number): Choosing {
  const { arms, late } = study.spec;
  const compared = reading.outcome === 'influence' ? comparedRounds(study, late) : late;
  const [off, ...others] = outcomesOf(study, { ...reading, late: compared ?? late });
  const broken = new Map(
    study.gaps.flatMap(({ arm, error }) => (error === null ? [] : [[arm, error] as const])),
  );
  const tried = others.flatMap(({ name, late, gain, beyond }): Tried[] => {
    const arm = arms.find((each) => each.name === name)!;
    if (isControl(arm)) return [];
    const cost = costOf(study, name);
    const control = controlOf(arm, arms);
    const failed = broken.has(name) || (control !== undefined && broken.has(control.name));
    return cost === null || failed ? [] : [{ name, late, gain, beyond, cost }];
  });
  return {
    late: compared ?? late,
    off: off!,
    tried,
    choice: compared === null ? { name: null, why: 'control' } : chooseSetting(tried, budget),
    failed: [...broken].map(([name, error]) => ({ name, error })),
  };
}

/** Reads the study that tested the chosen setting. */
export function confirmedIn(study: StudyResult, reading: OutcomeReading): Confirmation {
  const outcomes = outcomesOf(study, reading);
  const [off, held, control] = study.spec.arms.map((arm) => outcomes.find(({ name }) => name === arm.name));
  return { off: off!, held: held!, control: control ?? null };
}

/**
 * Returns whether a setting was shown to help: the interval of the gain that counts is above zero, and so says the test. With a
 * control, the interval of the gain over the untouched model must be above zero as well.
 */
export const helps = ({ held }: Confirmation): boolean =>
  held.gain.low > 0 && countedGain(held).low > 0 && held.p <= LEVEL;

/** What a calibration found. */
export interface Calibration {
  readonly outcome: Outcome;
  /** Nats a token. */
  readonly budget: number;
  readonly rounds: number;
  readonly choosing: Choosing;
  /** The chosen setting; null if none was worth a test. */
  readonly arm: ArmSpec | null;
  /** Null without a setting to test. */
  readonly confirmation: Confirmation | null;
}

/** What a hold records besides its settings and evidence. */
export type HoldFacts = Pick<HoldFile, 'library' | 'date' | 'model'> & {
  readonly prompt: string;
  readonly executor: string;
  readonly precision: string;
};

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  stability: 'stability',
  influence:
    'direct influence of the prompt beyond that under the same policy on a random span, nats a token,',
};

/** Returns the hold that a calibration leads to. */
export function holdOf(calibration: Calibration, facts: HoldFacts): HoldFile {
  const { outcome, budget, rounds, choosing, arm, confirmation } = calibration;
  const { late } = choosing;
  const { library, date, model, prompt, executor, precision } = facts;
  const isHelpful = confirmation !== null && helps(confirmation);
  const sample = (dialogues: number) => ({ dialogues, prompts: 1 });
  const tried = choosing.tried.find(({ name }) => name === arm?.name);
  return {
    format: 'holdfast-hold',
    version: 1,
    library,
    date,
    verdict: isHelpful ? 'helps' : 'nothing helps',
    settings: isHelpful ? holdSettings(arm!) : OFF,
    model,
    prompt,
    evidence: {
      outcome: `${OUTCOME_WORDS[outcome]} in rounds ${late[0]} to ${late[1]}`,
      tested: arm === null ? 'off' : arm.name,
      gain: confirmation === null ? null : rounded(countedGain(confirmation.held)),
      p: confirmation === null ? null : significant(confirmation.held.p),
      cost: tried === undefined ? null : rounded(tried.cost),
      budget,
      rounds,
      chosenOn: sample(choosing.off.dialogues),
      testedOn: confirmation === null ? null : sample(confirmation.held.dialogues),
      executor,
      precision,
    },
  };
}

const OFF: HoldFile['settings'] = {
  policy: 'off',
  schedule: null,
  target: 'message',
  layers: null,
  heads: null,
  pairs: null,
};

/** Four significant digits: more would be noise. */
const significant = (value: number): number => Number(value.toPrecision(4));
/** Returns an estimate to four significant digits; null without an interval. */
const rounded = ({ value, low, high }: Estimate): Estimate | null =>
  Number.isNaN(low) || Number.isNaN(high)
    ? null
    : { value: significant(value), low: significant(low), high: significant(high) };
