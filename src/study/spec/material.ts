import { materialNames } from '../../material/index.js';
import { nearest } from '../../nearest.js';
import { complain, type Report } from './read-value.js';
import type { Tree } from './yaml-tree.js';

/** What a source takes of the material. */
interface Chosen {
  /** A folder; null for the bundled one. */
  readonly material: string | null;
  readonly groups: readonly string[] | null;
  readonly script?: string;
}

/**
 * Reports scripts and groups that the material has not. Of a folder that is not there nothing is reported: opening the
 * source says so.
 * @param options what is said of the source
 */
export function checkChosen(options: Tree, { material, groups, script }: Chosen, report: Report): void {
  const known = materialNames(material ?? undefined);
  if (known === null) return;
  if (script !== undefined) refuseUnknown([script], known.scripts, treesOf(options, 'script'), report);
  if (groups !== null) refuseUnknown(groups, known.groups, treesOf(options, 'groups'), report);
}

/** @param trees where the names stand, one each */
function refuseUnknown(
  names: readonly string[],
  known: readonly string[],
  trees: readonly Tree[],
  report: Report,
): void {
  for (const [index, name] of names.entries()) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const help = near === null ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
    complain(trees[index]!, report, `the material has no "${name}"; ${help}`);
  }
}

/** The values of a key, of a list or of one alone. */
function treesOf(options: Tree, key: string): readonly Tree[] {
  const value = options.kind === 'map' && options.entries.find((entry) => entry.key === key)?.value;
  if (!value) return [];
  return value.kind === 'list' ? value.items : [value];
}
