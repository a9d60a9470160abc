import { nearest } from '../../nearest.js';
import { measures, partOf } from './measured-parts.js';
import {
  complain,
  listOf,
  number,
  oneOf,
  oneOrMore,
  type Placed,
  placed,
  type Reader,
  type Readers,
  type Report,
  readFields,
  text,
} from './read-value.js';
import { type Rounds, roundNumber } from './rounds.js';
import type { AnalysisPlan, ArmSpec, Contrast, PrimaryOutcome } from './spec.js';

/** The outcomes that a plan may declare as its primary one. */
const OUTCOMES: readonly PrimaryOutcome[] = [
  ...(['early stability', 'late stability', 'last stability'] as const),
  ...(['early influence', 'late influence', 'last influence'] as const),
];

/** The keys of `analysis`. */
export interface AnalysisFields {
  readonly primary: PrimaryOutcome;
  readonly early: Rounds;
  readonly late: Rounds;
  readonly contrasts: readonly Placed<Contrast>[];
  readonly margin: number;
}

const roundRange: Reader<Rounds> = (tree, report) => {
  const rounds = listOf(roundNumber)(tree, report);
  if (rounds === undefined) return undefined;
  const [first, last, ...more] = rounds;
  if (first !== undefined && last !== undefined && first <= last && more.length === 0) return [first, last];
  complain(tree, report, 'expected the first and the last round, for example [1, 3]');
  return undefined;
};

/** Reads `left: right` for every contrast. A list on the right gives one contrast for each arm in it. */
const contrastMap: Reader<readonly Placed<Contrast>[]> = (tree, report) => {
  if (tree.kind !== 'map' || tree.entries.length === 0) {
    complain(tree, report, 'expected a mapping from an arm to the arms that it is compared with');
    return undefined;
  }
  const contrasts = tree.entries.flatMap(({ key, value }) =>
    (oneOrMore(placed(text))(value, report) ?? []).map((right) => ({
      value: { left: key, right: right.value },
      tree: { ...right.tree, name: 'contrasts' },
    })),
  );
  return contrasts.length === 0 ? undefined : contrasts;
};

const readers: Readers<AnalysisFields> = {
  primary: oneOf(OUTCOMES),
  early: roundRange,
  late: roundRange,
  contrasts: contrastMap,
  // Scores are in 0…1, and two means that differ by 1 cannot be called equivalent.
  margin: number({ from: 0.001, to: 0.5 }),
};

/** Reads the section `analysis`: what the study will test. */
export const analysisSection: Reader<Partial<AnalysisFields>> = (tree, report) =>
  readFields<AnalysisFields>(tree, readers, report);

/** Returns the contrasts of a plan: those given, or every other arm against the first. Reports arms that do not exist. */
export function contrastsOf(
  given: readonly Placed<Contrast>[] | undefined,
  { arms, primary }: { readonly arms: readonly ArmSpec[]; readonly primary: PrimaryOutcome | null },
  report: Report,
): readonly Contrast[] {
  const names = arms.map(({ name }) => name);
  if (given === undefined) {
    const [first, ...others] = arms;
    const needed = partOf(primary);
    return others
      .filter((arm) => needed === null || measures(arm, needed))
      .map(({ name }) => ({ left: name, right: first!.name }));
  }
  const seen = new Set<string>();
  for (const { value, tree } of given) {
    const { left, right } = value;
    for (const arm of [left, right]) if (!names.includes(arm)) complain(tree, report, unknownArm(arm, names));
    if (left === right) complain(tree, report, `"${left}" is compared with itself`);
    const key = contrastKey(value);
    if (seen.has(key)) complain(tree, report, `"${left}" and "${right}" are compared twice`);
    seen.add(key);
  }
  return given.map(({ value }) => value);
}

/** Returns a key that a contrast shares with the same contrast the other way round. */
export const contrastKey = ({ left, right }: Contrast): string => JSON.stringify([left, right].sort());

function unknownArm(arm: string, names: readonly string[]): string {
  const near = nearest(arm, names);
  const help = near === null ? `known: ${names.join('; ')}` : `did you mean "${near}"?`;
  return `there is no arm "${arm}"; ${help}`;
}

/** Returns the plan of a specification, without its other fields. */
export function analysisPlanOf({ primary, early, late, contrasts, margin }: AnalysisPlan): AnalysisPlan {
  return { primary, early, late, contrasts, margin };
}
