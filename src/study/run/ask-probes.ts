import type { ProbeQuestion } from '../../dialogue/index.js';
import type { PlacedProbe, ProbeRecord } from '../plan/index.js';
import { rounded } from './digits.js';
import type { DialogueSeeds } from './seeds.js';

/** How often probes are asked, and the seeds of their dialogue. */
export interface Asking {
  readonly seeds: DialogueSeeds;
  readonly probeRepeats: number;
}

/**
 * Asks probes, each `probeRepeats` times with a seed of its own, and judges the answers. The first answers do not depend on the
 * number of repeats. Probes of one round with the same question share its answers.
 * @param answersTo returns the model's answers to questions, in their order
 */
export async function askProbes(
  probes: readonly PlacedProbe[],
  { seeds, probeRepeats }: Asking,
  answersTo: (questions: readonly ProbeQuestion[]) => Promise<readonly string[]>,
): Promise<ProbeRecord[]> {
  const placed = Array.from({ length: probeRepeats }, (_, index) =>
    probes.map((probe) => ({ ...probe, repeat: index + 1 })),
  ).flat();
  const keyOf = ({ probe, round, repeat }: (typeof placed)[number]): string =>
    JSON.stringify([probe.question, round, repeat]);
  const questions = new Map<string, ProbeQuestion>();
  for (const asked of placed) {
    const key = keyOf(asked);
    if (questions.has(key)) continue;
    const { probe, round, repeat, place, places } = asked;
    questions.set(key, { user: probe.question, seed: seeds.probe(round, place + (repeat - 1) * places) });
  }
  const answers = await answersTo([...questions.values()]);
  const answerOf = new Map([...questions.keys()].map((key, index) => [key, answers[index]!]));
  return placed.map((asked) => {
    const { label, question, rule, judge } = asked.probe;
    const answer = answerOf.get(keyOf(asked))!;
    return { label, question, rule, repeat: asked.repeat, answer, score: rounded(judge(answer)) };
  });
}
