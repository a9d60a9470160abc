import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { measureInfluence } from '../../influence/index.js';
import type { Scenario } from '../../scenario/index.js';
import type { Cell, CellLabels, InfluenceRecord } from '../plan/index.js';
import { messageUnder } from './arm-message.js';
import { rounded } from './digits.js';

/**
 * Measures the influence of a dialogue's prompt under an arm, on the answers that the untouched model gave.
 * @throws HoldfastError what {@link measureInfluence} throws; `E_USAGE` for a cell without its dialogue
 */
export async function influenceOn(
  model: Model,
  { system, given }: Scenario,
  { influence, arm, now }: Cell,
): Promise<Omit<InfluenceRecord, keyof CellLabels>> {
  if (influence?.recorded === undefined) {
    throw new HoldfastError('E_USAGE', 'an influence cell needs its dialogue', { field: 'influence' });
  }
  const { recorded, references, rounds } = influence;
  const exchanges = recorded.rounds.map(({ user, answer }) => ({ user, assistant: answer }));
  const { idle, ...measured } = await measureInfluence(model, { system, given, exchanges }, references, {
    settings: arm.settings,
    message: (prompt, turn, words) => (prompt === null ? words : messageUnder(arm, prompt, turn, words)),
    ...(rounds !== null && { rounds }),
    now,
  });
  return {
    kind: 'influence',
    scenario: recorded.scenario,
    system,
    ...measured,
    ...(steers(arm) && idle.length > 0 && { idle }),
    references: measured.references.map(({ name, system, rounds }) => ({
      ...{ name, system },
      rounds: rounds.map(({ round, sum, count }) => ({ round, sum: rounded(sum), count })),
    })),
  };
}

const steers = ({ settings: { policy = 'off' } }: Cell['arm']): boolean => policy !== 'off';
