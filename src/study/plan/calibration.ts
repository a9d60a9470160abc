import type { ScenarioSource } from '../../scenario/index.js';
import type { SourceSpec, StudySpec } from '../spec/index.js';
import { needsRanking } from './resolve-arm.js';

/** Dialogues of an unlimited source: as many as have seeds of their own. */
const UNLIMITED = 2 ** 20;
/** Dialogues in a row that calibration cannot use before the search ends. Material has fewer prompts. */
const MOST_SKIPPED = 4096;

/** The dialogues of a source that a study calibrates on. */
export interface Calibration {
  /** Ascending; as many as the study asks for, or fewer if there are fewer. */
  readonly indices: readonly number[];
  /** Why calibration cannot use the first dialogue that it skipped; null if it skipped none. */
  readonly skipped: string | null;
}

/** Returns whether an arm of a study is chosen by calibration. */
export function needsCalibration({ arms }: Pick<StudySpec, 'arms'>): boolean {
  return arms.some(needsRanking);
}

/**
 * Returns the dialogues that a study calibrates on: the last ones of a source whose prompts no test dialogue of the study
 * has. They hardly depend on the test, so that studies of one source calibrate on the same dialogues, whose results their
 * authors may look at. If all test dialogues of the source have one prompt and there is no other, they are the last ones
 * that are not tested.
 * @param scenarios the scenarios of every source, by name
 */
export function calibrationOf(
  { sources, calibrate }: Pick<StudySpec, 'sources' | 'calibrate'>,
  source: SourceSpec,
  scenarios: ReadonlyMap<string, ScenarioSource>,
): Calibration {
  const { size, at } = scenarios.get(source.name)!;
  const tested = new Map<string, string>();
  for (const each of sources) {
    for (const index of testIndices(each)) {
      const { system } = scenarios.get(each.name)!.at(index);
      const name = each === source ? `test dialogue ${index}` : `test dialogue ${index} of "${each.name}"`;
      if (!tested.has(system)) tested.set(system, name);
    }
  }
  const end = size ?? UNLIMITED;
  const byPrompt = lastOf(end, calibrate.dialogues, (index) => {
    const test = tested.get(at(index).system);
    return test === undefined ? null : `dialogue ${index} has the prompt of the ${test}`;
  });
  if (byPrompt.indices.length > 0 || tested.size > 1) return byPrompt;
  const own = sources.filter(({ kind }) => kind === source.kind).flatMap(testIndices);
  return lastOf(end, calibrate.dialogues, (index) =>
    own.includes(index) ? `dialogue ${index} is a test dialogue` : null,
  );
}

/** Returns the indices of the dialogues that a source is tested on. */
export function testIndices({ first, dialogues }: SourceSpec): number[] {
  return Array.from({ length: dialogues }, (_, offset) => first + offset);
}

/** Returns the last `count` indices below `end` that are not refused. */
function lastOf(end: number, count: number, refusal: (index: number) => string | null): Calibration {
  const indices: number[] = [];
  let skipped: string | null = null;
  let inRow = 0;
  for (let index = end - 1; index >= 0 && indices.length < count && inRow < MOST_SKIPPED; index--) {
    const why = refusal(index);
    skipped ??= why;
    inRow = why === null ? 0 : inRow + 1;
    if (why === null) indices.push(index);
  }
  return { indices: indices.reverse(), skipped };
}
