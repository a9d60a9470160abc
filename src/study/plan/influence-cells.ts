import { closestInLength, type Reference } from '../../influence/index.js';
import type { Scenario } from '../../scenario/index.js';
import type { InfluenceSpec, ReferenceChoice, SourceSpec, StudySpec } from '../spec/index.js';
import { dialogueAddress, influenceAddress } from './address.js';
import { type Arm, UNTOUCHED } from './arm.js';
import { testIndices } from './calibration.js';
import type { Cell, InfluenceTask } from './cell.js';
import { type CellPair, makeCell } from './make-cell.js';

/** A model, and a source with its scenarios. */
interface InfluencePair extends CellPair {
  readonly scenarioAt: (index: number) => Scenario;
}

/** Yields the cells that measure the direct influence of the prompt under each arm, on the dialogues of the untouched model. */
export const influenceCells = (spec: StudySpec, pair: InfluencePair, arms: readonly Arm[]): Iterable<Cell> =>
  cellsOf(spec, pair, arms, 'direct');

/** Yields the cells that measure the total influence under each arm, on its own dialogues; none if the study does not ask for it. */
export const totalInfluenceCells = (
  spec: StudySpec,
  pair: InfluencePair,
  arms: readonly Arm[],
): Iterable<Cell> => (spec.influence?.total === undefined ? [] : cellsOf(spec, pair, arms, 'total'));

/** An arm without a system message has no cells: its prompt cannot have an influence. */
function* cellsOf(
  spec: StudySpec,
  pair: InfluencePair,
  arms: readonly Arm[],
  effect: 'direct' | 'total',
): Generator<Cell> {
  const { influence } = spec;
  if (influence === null) return;
  const { source, computed, scenarioAt } = pair;
  const { rounds } = influence;
  const prompts = testIndices(source).map((index) => scenarioAt(index).system);
  for (const seed of spec.seeds) {
    for (const [at, index] of measuredIndices(influence, source).entries()) {
      const scenario = scenarioAt(index);
      const point = { scenario, seed, index };
      const references = referencesOf(influence, scenario, prompts, at);
      const taskOn = (led: Arm): InfluenceTask => ({
        ...{ dialogue: dialogueAddress(computed, point, led, spec), references, rounds },
        ...(effect === 'total' && { effect }),
      });
      const shared = taskOn(UNTOUCHED);
      for (const arm of arms.filter(({ noSystem }) => !noSystem)) {
        const task = effect === 'total' ? taskOn(arm) : shared;
        const address = influenceAddress(computed, task, arm);
        yield makeCell(pair, arm, { kind: 'influence', seed, index, address, influence: task });
      }
    }
  }
}

/** Returns the dialogues of a source that influence is measured on: as many as the study asks for, or all. */
export function measuredIndices({ dialogues }: InfluenceSpec, source: SourceSpec): number[] {
  return testIndices(source).slice(0, dialogues);
}

/**
 * Returns what stands in for a dialogue's prompt. Where all dialogues have one prompt, the others are the unrelated prompts of
 * the dialogues; `findNamed` has checked that there are some, and that every measured prompt has its paraphrase.
 * @param prompts those of all dialogues, and `at` the place of this one
 */
function referencesOf(
  { references, paraphrases }: InfluenceSpec,
  scenario: Scenario,
  prompts: readonly string[],
  at: number,
): Reference[] {
  const systems: Readonly<Record<ReferenceChoice, string | null>> = {
    others: closestInLength(prompts, at) ?? scenario.unrelated?.system ?? null,
    paraphrase: paraphrases?.[scenario.id] ?? null,
    none: null,
  };
  return references.map((name) => ({ name, system: systems[name] }));
}
