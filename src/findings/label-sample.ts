import { grouped } from '../grouped.js';
import { createRandom } from '../random.js';
import { type JudgedAnswer, passes } from './judged-answers.js';

/**
 * Draws answers for a person to label: from each kind of rule, passed and failed ones alike, so that rare kinds and rare
 * scores are seen too. The same answers and seed give the same sample, in the same random order.
 */
export function sampleAnswers(
  answers: readonly JudgedAnswer[],
  count: number,
  seed: number,
): readonly JudgedAnswer[] {
  const random = createRandom(seed);
  const strata = [...strataOf(answers).values()].map((stratum) => shuffled(stratum, random));
  const sizes = allocate(
    strata.map(({ length }) => length),
    count,
  );
  return shuffled(
    strata.flatMap((stratum, at) => stratum.slice(0, sizes[at])),
    random,
  );
}

/** Returns the different answers by stratum: by kind of rule, and by whether the judge passes them. */
export function strataOf(answers: readonly JudgedAnswer[]): ReadonlyMap<string, readonly JudgedAnswer[]> {
  return grouped([...new Map(answers.map((answer) => [answer.id, answer])).values()], stratumOf);
}

/** Returns the name of an answer's stratum. */
const stratumOf = (answer: JudgedAnswer): string => `${answer.rule}: ${passes(answer) ? 'passed' : 'failed'}`;

/** Divides a count among strata as evenly as their sizes allow, `[strata]`. */
function allocate(sizes: readonly number[], count: number): number[] {
  const taken = sizes.map(() => 0);
  let left = Math.min(
    count,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  for (let at = 0; left > 0; at = (at + 1) % sizes.length) {
    if (taken[at]! === sizes[at]!) continue;
    taken[at]!++;
    left--;
  }
  return taken;
}

/** Returns the items in random order (Fisher and Yates). */
function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1));
    [mixed[last], mixed[at]] = [mixed[at]!, mixed[last]!];
  }
  return mixed;
}
