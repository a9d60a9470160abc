import type { PlacedProbe, ProbeRecord } from '../plan/index.js';
import { rounded } from './digits.js';
import type { DialogueSeeds } from './seeds.js';

/** How often probes are asked, and the seeds of their dialogue. */
export interface Asking {
  readonly seeds: DialogueSeeds;
  readonly probeRepeats: number;
}

/**
 * Asks probes one after the other, each `probeRepeats` times with a seed of its own, and judges the answers. The first
 * answers do not depend on the number of repeats. Probes of one round with the same question share its answers.
 * @param answerOf returns the model's answer to a question
 */
export async function askProbes(
  probes: readonly PlacedProbe[],
  { seeds, probeRepeats }: Asking,
  answerOf: (question: string, seed: number) => Promise<string>,
): Promise<ProbeRecord[]> {
  const answers = new Map<string, string>();
  const records: ProbeRecord[] = [];
  for (let repeat = 1; repeat <= probeRepeats; repeat++) {
    for (const { probe, round, place, places } of probes) {
      const { label, question, rule, judge } = probe;
      const key = JSON.stringify([question, round, repeat]);
      const seed = seeds.probe(round, place + (repeat - 1) * places);
      const answer = answers.get(key) ?? (await answerOf(question, seed));
      answers.set(key, answer);
      records.push({ label, question, rule, repeat, answer, score: rounded(judge(answer)) });
    }
  }
  return records;
}
