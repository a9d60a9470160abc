import { HoldfastError } from '../errors.js';
import type { Material, PromptMaterial } from '../material/index.js';
import { createRandom } from '../random.js';

/** The prompts of a material that a source uses. */
export interface PromptChoice {
  /** Groups of prompts; null for all. */
  readonly groups: readonly string[] | null;
  /** Ids of the only prompts to use; absent for all of the groups. */
  readonly prompts?: readonly string[];
}

/** Seed of the shuffle, the same for every study. */
const ORDER_SEED = 1;

/**
 * Returns the suitable prompts of the chosen groups. Each group is shuffled, then the groups take turns, so that any
 * consecutive prompts contain the groups in equal numbers until a group runs out. If only some prompts are used, they keep
 * this order.
 * @throws HoldfastError `E_MATERIAL` for a group or a prompt that the material or the groups do not have, for a prompt that is not
 * suitable, and when none is
 */
export function promptsInTurn(
  { prompts }: Material,
  { groups, prompts: only }: PromptChoice,
  isFit: (prompt: PromptMaterial) => boolean = () => true,
): PromptMaterial[] {
  const known = [...new Set(prompts.map(({ group }) => group))];
  const unknown = groups?.find((group) => !known.includes(group));
  if (unknown !== undefined) {
    throw new HoldfastError('E_MATERIAL', `unknown group of prompts: ${unknown}`, {
      field: 'groups',
      hint: `Known: ${known.join(', ')}`,
    });
  }
  const random = createRandom(ORDER_SEED);
  const shuffled = (groups ?? known).map((name) =>
    shuffle(prompts.filter((prompt) => prompt.group === name).filter(isFit), random),
  );
  const longest = Math.max(0, ...shuffled.map(({ length }) => length));
  const inTurn = Array.from({ length: longest }, (_, place) =>
    shuffled.flatMap((group) => group.slice(place, place + 1)),
  ).flat();
  if (inTurn.length === 0) {
    throw new HoldfastError('E_MATERIAL', 'the material has no prompt for these dialogues', {
      hint: 'Choose other groups, or fewer given answers',
    });
  }
  if (only === undefined) return inTurn;
  const missing = only.find((id) => !inTurn.some((prompt) => prompt.id === id));
  if (missing !== undefined) {
    const exists = prompts.some(({ id }) => id === missing);
    throw new HoldfastError(
      'E_MATERIAL',
      exists ? `the prompt does not suit these dialogues: ${missing}` : `unknown prompt: ${missing}`,
      {
        field: 'prompts',
        hint: exists
          ? 'It is not in the groups, or has too few given answers'
          : 'Prompts are named by their id',
      },
    );
  }
  return inTurn.filter(({ id }) => only.includes(id));
}

/** Fisher–Yates shuffle. */
function shuffle<T>(values: readonly T[], random: () => number): T[] {
  const left = [...values];
  return values.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!);
}
