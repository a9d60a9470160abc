import { createRandom } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Material, Prompt } from '../material/index.js';

/** Groups of a material's prompts that a source uses; null: all. */
export interface PromptChoice {
  readonly groups: readonly string[] | null;
}

/** The seed that prompts are shuffled by: the same for every study. */
const ORDER_SEED = 1;

/**
 * The prompts of the chosen groups, shuffled within each, the groups in turn: any run of them has of each group as many
 * as of another, as long as there are.
 * @throws HoldfastError `E_MATERIAL` for a group that the material does not have, and when no prompt is left
 */
export function promptsInTurn(
  { prompts }: Material,
  { groups }: PromptChoice,
  isFit: (prompt: Prompt) => boolean = () => true,
): Prompt[] {
  const known = [...new Set(prompts.map(({ group }) => group))];
  const unknown = groups?.find((group) => !known.includes(group));
  if (unknown !== undefined) {
    throw new HoldfastError('E_MATERIAL', `there is no group of prompts named ${unknown}`, {
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
      hint: 'Name other groups, or ask for fewer given answers',
    });
  }
  return inTurn;
}

/** Fisher and Yates. */
function shuffle<T>(values: readonly T[], random: () => number): T[] {
  const left = [...values];
  return values.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!);
}
