import { isUntouched } from './arm-parts.js';
import {
  complain,
  distinct,
  hasKey,
  longText,
  number,
  oneOf,
  oneOrMore,
  onlyTrue,
  type Placed,
  type Reader,
  type Readers,
  type Report,
  readFields,
} from './read-value.js';
import { everyRound } from './rounds.js';
import type { ArmSpec, InfluenceSpec, ReferenceChoice, SourceSpec } from './spec.js';
import type { Tree } from './yaml-tree.js';

const REFERENCES: readonly ReferenceChoice[] = ['others', 'paraphrase', 'none'];
const USUAL: readonly ReferenceChoice[] = ['others', 'none'];
const DIALOGUES = 24;

interface InfluenceFields {
  readonly dialogues: number;
  readonly references: readonly ReferenceChoice[];
  readonly rounds: readonly number[] | 'every';
  readonly paraphrases: Readonly<Record<string, string>>;
  readonly total: true;
}

/** Reads a paraphrase for each name of a scenario. */
const paraphraseMap: Reader<Readonly<Record<string, string>>> = (tree, report) => {
  if (tree.kind !== 'map' || tree.entries.length === 0) {
    complain(tree, report, 'expected a mapping from the names of scenarios to paraphrases of their prompts');
    return undefined;
  }
  const texts = tree.entries.map(({ key, value }) => [key, longText(value, report)] as const);
  return Object.fromEntries(texts.flatMap(([key, own]) => (own === undefined ? [] : [[key, own]])));
};

const readers: Readers<InfluenceFields> = {
  dialogues: number({ from: 1, to: 100_000, whole: true }),
  references: distinct(oneOrMore(oneOf(REFERENCES))),
  rounds: everyRound,
  paraphrases: paraphraseMap,
  total: onlyTrue('for the direct influence alone'),
};

/** Reads the section `influence`, with its defaults. */
export const influenceSection: Reader<Placed<InfluenceSpec>> = (tree, report) => {
  const fields = readFields<InfluenceFields>(tree, readers, report);
  if (fields === undefined) return undefined;
  const { dialogues = DIALOGUES, references = USUAL, rounds: given = 'every', paraphrases, total } = fields;
  const ascending = given === 'every' ? null : [...given].sort((a, b) => a - b);
  if (references.includes('paraphrase') !== hasKey(tree, 'paraphrases')) {
    complain(tree, report, 'the reference paraphrase and the key paraphrases need each other');
  }
  const value = { dialogues, references, rounds: ascending };
  return { value: { ...value, ...(paraphrases && { paraphrases }), ...(total && { total }) }, tree };
};

/** The parts of a study that its influence depends on. */
interface StudyParts {
  readonly sources: readonly SourceSpec[];
  readonly arms: readonly ArmSpec[];
  readonly early: readonly [first: number, last: number];
  readonly late: readonly [first: number, last: number];
}

/**
 * Reports what influence lacks: an untouched arm, on whose dialogues all arms are measured; and measured rounds that are
 * reached, among them early and late ones.
 */
export function checkInfluence(
  { value: { rounds: measured }, tree }: Placed<InfluenceSpec>,
  { sources, arms, early, late }: StudyParts,
  report: Report,
): void {
  if (!arms.some(isUntouched)) {
    complain(
      tree,
      report,
      'needs the arm off: influence is measured on the dialogues of the untouched model',
    );
  }
  if (measured === null) return;
  const lengths = sources.map((source) => source.rounds);
  const longest = Math.max(...lengths);
  const last = measured.at(-1)!;
  if (last > longest) {
    complain(tree, report, `round ${last} is never reached: the longest source has ${longest}`);
    return;
  }
  if (Math.min(...lengths) === 1) return;
  for (const [name, [from, to]] of Object.entries({ early, late })) {
    if (measured.some((round) => round >= from && round <= to)) continue;
    complain(tree, report, `none of its rounds is among the ${name} rounds, ${from} to ${to}`);
  }
}

/** Reports a primary outcome of influence in a study that does not measure it. */
export function checkMeasured(
  primary: string | null,
  influence: Placed<InfluenceSpec> | undefined,
  tree: Tree,
  report: Report,
): void {
  if (influence !== undefined || !primary?.endsWith('influence')) return;
  complain(
    tree,
    report,
    `primary: ${primary} is not measured; add the key influence, for example "influence: {}"`,
  );
}
