import type { HeadGrid } from '../attention/index.js';
import { createRandom } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Arm, ArmSettings } from './arm.js';
import type { ArmSpec, HeadChoice, HeadPair } from './spec.js';

/** What heads are ranked by, each `[layers × heads]`. */
export interface HeadScores {
  readonly share: readonly number[];
  readonly decay: readonly number[];
}

/** Whether an arm's heads are only known once heads were ranked. */
export function needsRanking({ on, silence }: ArmSpec): boolean {
  const ranked = (choice: HeadChoice | null): boolean => choice?.kind === 'top' || choice?.kind === 'bottom';
  return ranked(on) || ranked(silence);
}

/**
 * An arm with its heads decided. What of its specification changes nothing is left out, so that equal arms are equal.
 * @param scores of the heads; null where none were ranked, which is fine for arms that do not ask for it
 * @throws HoldfastError `E_SPEC` for heads that the model does not have
 */
export function resolveArm(arm: ArmSpec, grid: HeadGrid, scores: HeadScores | null): Arm {
  const { name, policy, schedule, target, silence, guidance, repeatEvery } = arm;
  const acting: ArmSettings =
    policy === 'off'
      ? { policy }
      : { policy, target, ...selection(arm, grid, scores), ...(schedule && { schedule }) };
  const settings = {
    ...acting,
    ...(silence && { silence: pairsOf(silence, arm.name, grid, scores) }),
    ...(guidance !== null && { guidance }),
  };
  return { name, settings, repeatEvery };
}

function selection(
  { on, name }: ArmSpec,
  grid: HeadGrid,
  scores: HeadScores | null,
): Pick<ArmSettings, 'layers' | 'heads' | 'pairs'> {
  if (on.kind === 'all') return {};
  const pairs = pairsOf(on, name, grid, scores);
  if (on.kind !== 'grid') return { pairs };
  return {
    ...(on.layers && { layers: ascending(on.layers) }),
    ...(on.heads && { heads: ascending(on.heads) }),
  };
}

/** The chosen heads, by layer and then by head. */
function pairsOf(
  choice: HeadChoice,
  arm: string,
  grid: HeadGrid,
  scores: HeadScores | null,
): readonly HeadPair[] {
  const every: readonly HeadPair[] = Array.from({ length: grid.layers * grid.heads }, (_, index) => [
    Math.floor(index / grid.heads),
    index % grid.heads,
  ]);
  const refuse = (what: string): never => {
    throw new HoldfastError(
      'E_SPEC',
      `the arm "${arm}" names ${what}, the model has ${grid.layers} layers of ${grid.heads} heads`,
    );
  };
  if ('count' in choice && choice.count > every.length) refuse(`${choice.count} heads`);
  switch (choice.kind) {
    case 'all':
      return every;
    case 'grid': {
      const { layers, heads } = choice;
      for (const layer of layers ?? []) if (layer >= grid.layers) refuse(`layer ${layer}`);
      for (const head of heads ?? []) if (head >= grid.heads) refuse(`head ${head}`);
      return every.filter(
        ([layer, head]) => (layers?.includes(layer) ?? true) && (heads?.includes(head) ?? true),
      );
    }
    case 'pairs':
      for (const [layer, head] of choice.pairs) {
        if (layer >= grid.layers || head >= grid.heads) refuse(`head ${head} of layer ${layer}`);
      }
      return inOrder(choice.pairs);
    case 'random':
      return inOrder(shuffled(every, choice.seed).slice(0, choice.count));
    case 'top':
    case 'bottom': {
      if (scores === null) throw new Error(`the arm "${arm}" asks for ranked heads, and none were ranked`);
      const ranked = rank(scores[choice.by]);
      const chosen = choice.kind === 'top' ? ranked.slice(0, choice.count) : ranked.slice(-choice.count);
      return inOrder(chosen.map((index) => every[index]!));
    }
  }
}

/** Indices by falling score; of equals, the one in front first. */
function rank(scores: readonly number[]): number[] {
  return scores.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Fisher and Yates; depends on the seed and the number of values alone. */
function shuffled<T>(values: readonly T[], seed: number): T[] {
  const random = createRandom(seed);
  const left = [...values];
  return values.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!);
}

function inOrder(pairs: readonly HeadPair[]): HeadPair[] {
  return [...pairs].sort(([la, ha], [lb, hb]) => la - lb || ha - hb);
}

function ascending(indices: readonly number[]): number[] {
  return [...indices].sort((a, b) => a - b);
}
