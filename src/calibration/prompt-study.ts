import { stringify } from 'yaml';
import type { ArmSpec, MeasuredPart } from '../study/index.js';
import { armItem, type Rounds, type TriedArms } from './settings.js';

/** A study of one system prompt on one model. Paths are relative to its folder, or absolute. */
export interface PromptStudy {
  readonly model: {
    readonly name: string;
    readonly path: string;
    readonly executor: string;
    /** Null for an executor without a choice. */
    readonly precision: string | null;
  };
  /** Files beside the specification. */
  readonly system: string;
  readonly rules: string | null;
  readonly users: 'everyday' | 'organism';
  readonly rounds: number;
  readonly maxTokens: number;
  /** Dialogues to test on. */
  readonly dialogues: number;
  /** Dialogues to choose on. */
  readonly calibration: number;
}

/** What is compared: judged answers where there are rules, otherwise the prompt's influence. */
export type Outcome = 'stability' | 'influence';

export const outcomeOf = ({ rules }: Pick<PromptStudy, 'rules'>): Outcome =>
  rules === null ? 'influence' : 'stability';

/** Held-out dialogues on which the cost of a setting is measured. */
const COST_DIALOGUES = 12;

/** Returns the study that tries settings, on its calibration dialogues. */
export function choosingText(study: PromptStudy, arms: TriedArms): string {
  return specText(study, {
    name: 'choose',
    question: 'Which setting holds this prompt on this model, within the budget?',
    arms: measuring(study, ['costs', 'influence'], arms),
    costs: { kl: COST_DIALOGUES, perplexity: 0 },
    references: ['others'],
  });
}

/**
 * Returns the study that tests the chosen setting on dialogues on which nothing was chosen. Its plan has one primary
 * comparison: with the setting's control if there is one, otherwise with the untouched model.
 * @param late the rounds in which they are compared
 */
export function confirmingText(
  study: PromptStudy,
  {
    setting,
    control,
    late,
  }: { readonly setting: ArmSpec; readonly control: ArmSpec | null; readonly late: Rounds },
): string {
  return specText(study, {
    name: 'confirm',
    question: 'Does the chosen setting hold this prompt on this model?',
    arms: measuring(
      study,
      ['influence'],
      ['off', armItem(setting), ...(control === null ? [] : [armItem(control)])],
    ),
    costs: 'none',
    references: ['others'],
    analysis: {
      primary: `late ${outcomeOf(study)}`,
      late,
      contrasts: { [setting.name]: control?.name ?? 'off' },
    },
  });
}

/** Returns the study that watches the untouched model. */
export function auditText(study: PromptStudy): string {
  return specText(study, {
    name: 'audit',
    question: 'How does this prompt fare on this model over a dialogue?',
    arms: ['off'],
    costs: 'none',
    references: ['others', 'none'],
  });
}

interface Parts {
  readonly name: string;
  readonly question: string;
  readonly arms: readonly unknown[];
  readonly costs: unknown;
  readonly references: readonly string[];
  readonly analysis?: object;
}

/**
 * Returns the arms of a study of which these parts are measured. Without rules no arm but the untouched one needs dialogues of
 * its own: influence is measured on the untouched model's.
 */
function measuring(
  { rules }: PromptStudy,
  parts: readonly MeasuredPart[],
  [off, ...others]: TriedArms,
): readonly unknown[] {
  return [off, ...others.map((arm) => (rules === null ? { ...arm, measure: parts } : arm))];
}

function specText(
  { model, system, rules, users, rounds, maxTokens, dialogues, calibration }: PromptStudy,
  { name, question, arms, costs, references, analysis }: Parts,
): string {
  const { precision, ...named } = model;
  const measured = name === 'audit' || rules === null;
  return stringify({
    name,
    question,
    models: { ...named, ...(precision !== null && { precision }) },
    sources: {
      prompt: { name: 'prompt', file: system, ...(rules !== null && { rules }), users, dialogues, rounds },
    },
    'max-tokens': maxTokens,
    arms,
    costs,
    ...(measured && { influence: { dialogues: Math.max(dialogues, calibration), references } }),
    calibrate: { dialogues: calibration },
    ...(analysis !== undefined && { analysis }),
  });
}
