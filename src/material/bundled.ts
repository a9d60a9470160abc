import { packageFile } from '../package.js';

/**
 * The bundled material by name: the folders of `experiments` that its prompts come from. A set never changes: studies
 * that name it keep their dialogues. A larger set gets a new name.
 */
const SETS = {
  bundled: ['material'],
  'bundled-208': ['material', 'material-more'],
  realguardrails: ['realguardrails'],
} as const satisfies Record<string, readonly string[]>;

type SetName = keyof typeof SETS;

/** The folder whose scripts, openers and held-out items all bundled material shares. */
const SHARED = 'material';

/** Returns whether a text is the name of bundled material. A folder of the same name is written with a slash. */
export const isBundled = (material: string): material is SetName => Object.hasOwn(SETS, material);

/** Returns a file of the bundled material. */
export const bundledFile = (name: string): string => packageFile(`experiments/${SHARED}/${name}`);

/** The folders of a material. */
export interface MaterialFolders {
  /** Those with the prompts. */
  readonly prompts: readonly string[];
  /** Those with everything else. */
  readonly others: readonly string[];
}

/** Returns the folders of bundled material, or of a folder. */
export function foldersOf(material: string = 'bundled'): MaterialFolders {
  if (!isBundled(material)) return { prompts: [material], others: [material] };
  const folders = (names: readonly string[]): string[] =>
    names.map((name) => packageFile(`experiments/${name}`));
  return { prompts: folders(SETS[material]), others: folders([...new Set([SHARED, ...SETS[material]])]) };
}
