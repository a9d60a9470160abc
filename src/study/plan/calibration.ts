import type { ScenarioSource } from '../../scenario/index.js';
import type { SourceSpec, StudySpec } from '../spec/index.js';
import { needsRanking } from './resolve-arm.js';

/** Dialogues of an unlimited source: as many as have seeds of their own. */
const UNLIMITED = 2 ** 20;
/** Dialogues of an unlimited source that are searched. Material has fewer prompts. */
const MOST_SEARCHED = 16_384;

/** The dialogues of a source that a study calibrates on. */
export interface Calibration {
  /** The first of them; the others follow it. Null if the source has too few. */
  readonly first: number | null;
  /** Why the last dialogue of the source that cannot be used is not; null if all can. */
  readonly skipped: string | null;
}

/** Returns whether an arm of a study is chosen by calibration. */
export function needsCalibration({ arms }: Pick<StudySpec, 'arms'>): boolean {
  return arms.some(needsRanking);
}

/**
 * Returns the dialogues that a study calibrates on: the last consecutive ones of a source whose prompts no test dialogue of
 * the study has. They hardly depend on the test, so studies of one source calibrate on the same dialogues. If all test
 * dialogues have one prompt and the source has no other, they are the last ones that are not tested.
 * @param scenarios the scenarios of every source, by name
 */
export function calibrationOf(
  { sources, calibrate }: Pick<StudySpec, 'sources' | 'calibrate'>,
  source: SourceSpec,
  scenarios: ReadonlyMap<string, ScenarioSource>,
): Calibration {
  const { size, at, onePrompt = false } = scenarios.get(source.name)!;
  const tested = new Map<string, string>();
  for (const each of sources) {
    for (const index of testIndices(each)) {
      const { system } = scenarios.get(each.name)!.at(index);
      const name = each === source ? `test dialogue ${index}` : `test dialogue ${index} of "${each.name}"`;
      if (!tested.has(system)) tested.set(system, name);
    }
  }
  const end = size ?? UNLIMITED;
  const refusal = (index: number): string | null => {
    const test = tested.get(at(index).system);
    return test === undefined ? null : `dialogue ${index} has the prompt of the ${test}`;
  };
  // If all dialogues have one prompt, they are refused as one is: a look at the last tells why.
  const searched = onePrompt && refusal(0) !== null ? 1 : MOST_SEARCHED;
  const byPrompt = lastRow(end, calibrate.dialogues, refusal, searched);
  if (byPrompt.first !== null || tested.size > 1) return byPrompt;
  const own = new Set(sources.filter(({ kind }) => kind === source.kind).flatMap(testIndices));
  return lastRow(end, calibrate.dialogues, (index) =>
    own.has(index) ? `dialogue ${index} is a test dialogue` : null,
  );
}

/**
 * Returns the specification of a study that runs the arms on the calibration dialogues of another one, so that strengths,
 * rounds and a margin can be chosen there.
 */
export function calibrationStudy(spec: StudySpec, scenarios: ReadonlyMap<string, ScenarioSource>): StudySpec {
  const { dialogues } = spec.calibrate;
  const sources = spec.sources.map((source) => {
    const { first } = calibrationOf(spec, source, scenarios);
    return { ...source, first: first!, dialogues };
  });
  return { ...spec, name: `${spec.name}-calibration`, sources };
}

/** Returns the indices of the dialogues that a source is tested on. */
export function testIndices({ first, dialogues }: SourceSpec): number[] {
  return Array.from({ length: dialogues }, (_, offset) => first + offset);
}

/** Returns the last `count` consecutive indices below `end` of which none is refused. */
function lastRow(
  end: number,
  count: number,
  refusal: (index: number) => string | null,
  searched = MOST_SEARCHED,
): Calibration {
  let skipped: string | null = null;
  let row = 0;
  for (let index = end - 1; index >= Math.max(0, end - searched); index--) {
    const why = refusal(index);
    skipped ??= why;
    row = why === null ? row + 1 : 0;
    if (row === count) return { first: index, skipped };
  }
  return { first: null, skipped };
}
