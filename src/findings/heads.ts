import type { Windows } from './course.js';
import type { Dialogue } from './dialogues.js';
import { between, type RoundFilter } from './scores.js';
import type { ArmRecords } from './slices.js';
import type { StudiedModel } from './study-result.js';

/** Attention to the prompt by layer and head: means over the dialogues of one arm. */
export interface HeadMap {
  /** Mean share of the prompt in the early rounds, `[layers][heads]`; null for a head that does not see it there. */
  readonly early: readonly (readonly (number | null)[])[];
  /** The remaining part in the late rounds: late ÷ early, `[layers][heads]`; null if either is null, or early is 0. */
  readonly left: readonly (readonly (number | null)[])[];
}

/** Returns the map of an arm; null if no early or no late round has shares for all heads of the model. */
export function headMapOf(arm: ArmRecords, model: StudiedModel, windows: Windows): HeadMap | null {
  const dialogues = arm.shared.flat();
  const early = meanHeads(dialogues, between(windows.early), model);
  const late = meanHeads(dialogues, between(windows.late), model);
  if (early === null || late === null) return null;
  const left = early.map((share, head) => {
    const now = late[head]!;
    return share !== null && share > 0 && now !== null ? now / share : null;
  });
  return { early: layersOf(early, model), left: layersOf(left, model) };
}

/** Returns each head's mean share over the matching rounds in which it sees the prompt, `[layers × heads]`. */
function meanHeads(
  dialogues: readonly Dialogue[],
  has: RoundFilter,
  { layers, heads }: StudiedModel,
): (number | null)[] | null {
  const sums = new Float64Array(layers * heads);
  const counts = new Int32Array(layers * heads);
  let rows = 0;
  for (const { rounds, from, to } of dialogues) {
    for (let row = from; row < to; row++) {
      const shares = rounds.heads.get(row);
      if (!has(rounds.round[row]!) || shares?.length !== layers * heads) continue;
      rows++;
      for (const [head, share] of shares.entries()) {
        if (Number.isNaN(share)) continue;
        sums[head]! += share;
        counts[head]!++;
      }
    }
  }
  if (rows === 0) return null;
  return Array.from(sums, (sum, head) => (counts[head] === 0 ? null : sum / counts[head]!));
}

function layersOf<Value>(flat: readonly Value[], { layers, heads }: StudiedModel): Value[][] {
  return Array.from({ length: layers }, (_, layer) => flat.slice(layer * heads, (layer + 1) * heads));
}
