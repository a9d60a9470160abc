import type { HeadGrid } from '../attention/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError, IN_BROWSER } from '../errors.js';
import { sha256 } from '../hash.js';
import { type HoldFile, holdOptions } from './hold-file.js';
import type { SteeringOptions } from './settings-options.js';

/** A hold that fits a model, ready for a chat. */
export interface AppliedHold {
  readonly options: SteeringOptions;
  /** Where the model or the prompt is not the one that the hold was made for: one sentence each. */
  readonly notes: readonly string[];
}

/** What a hold is compared with: the model's weights and heads, and the system prompt. */
export interface HeldModel {
  readonly name: string;
  readonly hash: string;
  readonly grid: HeadGrid;
}

/**
 * Returns the chat options of a hold for a model. A hold for other weights or another prompt still applies, with a note that its evidence
 * does not cover them; its heads do not exist in a model of another shape, so there a hold that names layers or heads is refused.
 * @param system the system prompt that it will hold; null for none, undefined if it is not known yet
 * @throws HoldfastError `E_HOLD` if the hold names layers or heads of a model with another number of them
 */
export async function applyHold(hold: HoldFile, model: Model, system?: string | null): Promise<AppliedHold> {
  const { name, executor } = model;
  const notes = [
    ...holdNotes(hold, { name, hash: await model.hash(), grid: headGrid(executor.blueprint) }),
    ...(hold.verdict === 'not tested' ? ['the hold was chosen by hand: nothing shows that it helps'] : []),
  ];
  const options = holdOptions(hold);
  if (typeof system !== 'string' || hold.prompt === null || hold.prompt === (await sha256(system))) {
    return { options, notes };
  }
  return {
    options,
    notes: [...notes, 'the hold was made for another system prompt: its evidence does not cover this one'],
  };
}

/**
 * Returns a note if a hold was made for another model.
 * @throws HoldfastError `E_HOLD` as {@link applyHold}
 */
export function holdNotes({ model, settings }: HoldFile, { name, hash, grid }: HeldModel): string[] {
  if (model.hash === hash) return [];
  const { layers, heads, pairs } = settings;
  const names = layers !== null || heads !== null || pairs !== null;
  const sameShape = model.layers === grid.layers && model.heads === grid.heads;
  if (names && !sameShape) {
    throw new HoldfastError(
      'E_HOLD',
      `the hold names layers or heads of ${model.name}, ${shape(model)}, but ${name} has ${shape(grid)}`,
      {
        hint: IN_BROWSER
          ? 'Use a hold that was made for this model'
          : 'Calibrate this model: holdfast calibrate MODEL --system-file FILE',
      },
    );
  }
  return [
    `the hold was made for other weights (${model.name}, ${model.hash.slice(0, 12)}): its evidence does not cover ${name}`,
  ];
}

const shape = ({ layers, heads }: HeadGrid): string => `${layers} layers of ${heads} heads`;
