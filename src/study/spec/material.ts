import { materialNames } from '../../material/index.js';
import { nearest } from '../../nearest.js';
import { complain, type Report } from './read-value.js';
import type { Tree } from './yaml-tree.js';

/** The parts of the material that a source uses. */
interface Chosen {
  /** A folder; null for the bundled material. */
  readonly material: string | null;
  readonly groups: readonly string[] | null;
  readonly script?: string;
}

/**
 * Reports scripts and groups that the material does not have. Reports nothing if the folder does not exist: opening the
 * source fails with that error later.
 * @param options the mapping under the source
 */
export function checkChosen(options: Tree, { material, groups, script }: Chosen, report: Report): void {
  const known = materialNames(material ?? undefined);
  if (known === null) return;
  if (script !== undefined) refuseUnknown([script], known.scripts, treesOf(options, 'script'), report);
  if (groups !== null) refuseUnknown(groups, known.groups, treesOf(options, 'groups'), report);
}

/** @param trees the tree of each name, for its place in the file */
function refuseUnknown(
  names: readonly string[],
  known: readonly string[],
  trees: readonly Tree[],
  report: Report,
): void {
  for (const [index, name] of names.entries()) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const help = near === null ? `known: ${known.join(', ')}` : `did you mean ${near}?`;
    complain(trees[index]!, report, `the material has no "${name}"; ${help}`);
  }
}

/** Returns the values of a key: the items of a list, or a single value. */
function treesOf(options: Tree, key: string): readonly Tree[] {
  const value = options.kind === 'map' && options.entries.find((entry) => entry.key === key)?.value;
  if (!value) return [];
  return value.kind === 'list' ? value.items : [value];
}
