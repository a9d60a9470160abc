import { type FreePlaces, NO_PLACES, openChat, probeTogether } from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import type { Scenario } from '../../scenario/index.js';
import { type CellLabels, type ChanceAnswer, type ChanceRecord, probesOf, UNTOUCHED } from '../plan/index.js';
import { askProbes } from './ask-probes.js';
import type { LeadSettings } from './lead-dialogue.js';
import { lease } from './lease.js';
import { dialogueSeeds } from './seeds.js';

/** The result of asking for chance. */
export interface AskedChance {
  readonly record: Omit<ChanceRecord, keyof CellLabels>;
  /** Tokens of all answers. */
  readonly decodedTokens: number;
}

/**
 * Asks the untouched model the probes of a dialogue, each as the first message of a dialogue of its own: without a system
 * message, and under the scenario's unrelated prompt. The scenario's judges score the answers. The seeds are those of the
 * same probes in the dialogue.
 * @param places where there are more, several probes are asked at once; no result depends on it
 * @throws HoldfastError what {@link openChat} and answers throw
 */
export async function askChance(
  model: Model,
  scenario: Scenario,
  settings: LeadSettings,
  places: FreePlaces = NO_PLACES,
): Promise<AskedChance> {
  const { id, group, system, unrelated } = scenario;
  const asking = { ...settings, seeds: dialogueSeeds(settings.seed, settings.index) };
  const probes = probesOf(scenario, settings);
  let decodedTokens = 0;
  const askUnder = async (shown: string | null): Promise<ChanceAnswer[]> => {
    const leased = lease(model, shown, UNTOUCHED);
    const { session } = leased;
    const { sampling, maxTokens, now } = settings;
    try {
      const chat = openChat(leased.model, {
        policy: 'off',
        system: shown,
        sampling,
        maxTokens,
        session,
        now,
      });
      try {
        const asked = await askProbes(probes, asking, async (questions) => {
          const turns = await probeTogether(chat, questions, places);
          for (const { ids } of turns) decodedTokens += ids.length;
          return turns.map(({ assistant }) => assistant);
        });
        return asked.map((probe) => ({ ...probe, under: shown === null ? 'none' : 'unrelated' }));
      } finally {
        chat.dispose();
      }
    } finally {
      leased.end();
    }
  };
  const answers = [
    ...(await askUnder(null)),
    ...(unrelated === null ? [] : await askUnder(unrelated.system)),
  ];
  return { record: { kind: 'chance', scenario: id, group, system, unrelated, answers }, decodedTokens };
}
