import { complain, distinct, number, oneOrMore, type Reader, type Report } from './read-value.js';
import type { SourceSpec } from './spec.js';
import type { Entry, Tree } from './yaml-tree.js';

/** A range of rounds, first and last included. */
export type Rounds = readonly [first: number, last: number];

/** Reads the number of a round. */
export const roundNumber = number({ from: 1, to: 1000, whole: true });

/** Reads `every`, or one round or several. */
export const everyRound: Reader<readonly number[] | 'every'> = (tree, report) =>
  tree.kind === 'scalar' && tree.value === 'every' ? 'every' : distinct(oneOrMore(roundNumber))(tree, report);

interface StudyRounds {
  readonly sources: readonly SourceSpec[];
  readonly probeRounds: readonly number[];
  readonly early: Rounds;
  readonly late: Rounds;
}

/**
 * Reports rounds that are never reached, and early or late rounds without a probe, for which tables would be empty. A
 * study in which a source has only one round has no early and late, so only the first check applies.
 * @param tree the study's mapping, for the places of its keys
 */
export function checkRounds(
  tree: Tree,
  report: Report,
  { sources, probeRounds, early, late }: StudyRounds,
): void {
  const lengths = sources.map(({ rounds }) => rounds);
  const longest = Math.max(...lengths);
  const lasts = { probes: Math.max(...probeRounds), early: early[1], late: late[1] };
  const beyond = Object.entries(lasts).filter(([, last]) => last > longest);
  for (const [name, last] of beyond) {
    const text = `round ${last} is never reached: the longest source has ${longest}`;
    complain({ name, at: placeOf(tree, name) }, report, text);
  }
  if (beyond.length > 0 || Math.min(...lengths) === 1) return;
  if (early[1] >= late[0]) {
    const name = entryOf(tree, 'late') === undefined ? 'early' : 'late';
    const text = `early rounds end with ${early[1]} and late rounds begin with ${late[0]}: late rounds must begin later`;
    complain({ name, at: placeOf(tree, name) }, report, text);
  }
  for (const [key, [first, last]] of Object.entries({ early, late })) {
    const unprobed = sources.find(
      ({ rounds }) => !probeRounds.some((round) => round >= first && round <= Math.min(last, rounds)),
    );
    if (unprobed === undefined) continue;
    const name = entryOf(tree, key) === undefined ? 'probes' : key;
    const text = `no probe falls in the ${key} rounds, ${first} to ${last}, of the source "${unprobed.name}", which has ${unprobed.rounds}`;
    complain({ name, at: placeOf(tree, name) }, report, text);
  }
}

/** Returns the place of a key's value, or of the mapping that lacks the key. */
function placeOf(tree: Tree, key: string): Tree['at'] {
  return (entryOf(tree, key)?.value ?? tree).at;
}

/** Returns a key of the study or of its section `analysis`. */
function entryOf(tree: Tree, key: string): Entry | undefined {
  const entries = tree.kind === 'map' ? tree.entries : [];
  const analysis = entries.find((each) => each.key === 'analysis')?.value;
  return [...entries, ...(analysis?.kind === 'map' ? analysis.entries : [])].find((each) => each.key === key);
}
