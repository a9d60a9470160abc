import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { answeredReferences, measureInfluence } from '../../influence/index.js';
import type { Scenario } from '../../scenario/index.js';
import type { Cell, CellLabels, InfluenceRecord } from '../plan/index.js';
import { messageUnder } from './arm-message.js';
import { roundedSums } from './digits.js';
import { dialogueSeeds } from './seeds.js';

/**
 * Measures the influence of a dialogue's prompt under an arm: the direct one on the answers that the untouched model gave, the
 * total one on the arm's own, beside those that it gives under each reference with the same random numbers.
 * @throws HoldfastError what {@link measureInfluence} and {@link answeredReferences} throw; `E_USAGE` for a cell without its dialogue
 */
export async function influenceOn(
  model: Model,
  { system, given }: Scenario,
  { influence, arm, now, labels, settings: { sampling, maxTokens } }: Cell,
): Promise<Omit<InfluenceRecord, keyof CellLabels>> {
  if (influence?.recorded === undefined) {
    throw new HoldfastError('E_USAGE', 'an influence cell needs its dialogue', { field: 'influence' });
  }
  const { recorded, references, rounds, effect } = influence;
  const exchanges = recorded.rounds.map(({ user, answer }) => ({ user, assistant: answer }));
  const history = { system, given, exchanges };
  const shared = {
    settings: arm.settings,
    message: (prompt: string | null, turn: number, words: string) =>
      prompt === null ? words : messageUnder(arm, prompt, turn, words),
    now,
  };
  const seed = dialogueSeeds(labels.seed, labels.index).answer(1);
  const answered =
    effect === undefined
      ? null
      : await answeredReferences(model, history, references, {
          ...{ ...shared, sampling: { ...sampling, seed }, maxTokens },
          prefixFirst: true, // as in the dialogue
        });
  const { idle, ...measured } = await measureInfluence(model, history, answered?.references ?? references, {
    ...shared,
    ...(rounds !== null && { rounds }),
  });
  return {
    kind: 'influence',
    ...(effect && { effect }),
    scenario: recorded.scenario,
    system,
    references: measured.references.map(({ name, system, rounds }) => ({
      ...{ name, system },
      rounds: roundedSums(rounds),
    })),
    forwardedTokens: measured.forwardedTokens + (answered?.forwardedTokens ?? 0),
    forwardPasses: measured.forwardPasses + (answered?.forwardPasses ?? 0),
    ...(steers(arm) && idle.length > 0 && { idle }),
  };
}

const steers = ({ settings: { policy = 'off' } }: Cell['arm']): boolean => policy !== 'off';
