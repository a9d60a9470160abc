import type { Model } from '../../engine/index.js';
import type { Scenario } from '../../scenario/index.js';
import { type CellLabels, type RankingRecord, UNTOUCHED } from '../plan/index.js';
import { type LeadSettings, leadDialogue } from './lead-dialogue.js';

/** The result of a ranking dialogue. */
export interface RankedHeads {
  readonly record: Omit<RankingRecord, keyof CellLabels>;
  /** Tokens of all answers. */
  readonly decodedTokens: number;
}

/** Runs the untouched model through a scenario without probes, to measure each head's share of the prompt. */
export async function rankHeads(
  model: Model,
  scenario: Scenario,
  settings: Omit<LeadSettings, 'probeRounds' | 'probeRepeats'>,
): Promise<RankedHeads> {
  const { record, decodedTokens } = await leadDialogue(model, scenario, UNTOUCHED, {
    ...settings,
    ...{ probeRounds: [], probeRepeats: 1 },
  });
  const heads = record.rounds.map((round) => round.heads);
  return {
    record: { kind: 'ranking', scenario: scenario.id, system: scenario.system, heads },
    decodedTokens,
  };
}
