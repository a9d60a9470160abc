import { createRandom } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import type { ArmSpec, HeadChoice, HeadPair } from '../spec/index.js';
import type { ModelFacts } from './address.js';
import type { Arm, ArmSettings } from './arm.js';

/** The heads that a model has. */
export type Heads = Pick<ModelFacts, 'grid' | 'seeing'>;

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
export function resolveArm(arm: ArmSpec, heads: Heads, scores: HeadScores | null): Arm {
  const { name, policy, schedule, target, silence, guidance, repeatEvery } = arm;
  const acting: ArmSettings =
    policy === 'off'
      ? { policy }
      : { policy, target, ...selection(arm, heads, scores), ...(schedule && { schedule }) };
  const settings = {
    ...acting,
    ...(silence && { silence: pairsOf(silence, arm.name, heads, scores) }),
    ...(guidance !== null && { guidance }),
  };
  return { name, settings, repeatEvery };
}

function selection(
  { on, name }: ArmSpec,
  heads: Heads,
  scores: HeadScores | null,
): Pick<ArmSettings, 'layers' | 'heads' | 'pairs'> {
  if (on.kind === 'all') return {};
  const pairs = pairsOf(on, name, heads, scores);
  if (on.kind !== 'grid') return { pairs };
  return {
    ...(on.layers && { layers: ascending(on.layers) }),
    ...(on.heads && { heads: ascending(on.heads) }),
  };
}

/**
 * The chosen heads, by layer and then by head. Ranks and chance choose among heads that see the whole dialogue: late in it
 * the others cannot see the prompt.
 */
function pairsOf(
  choice: HeadChoice,
  arm: string,
  heads: Heads,
  scores: HeadScores | null,
): readonly HeadPair[] {
  const { grid, seeing } = heads;
  const every: readonly HeadPair[] = Array.from({ length: grid.layers * grid.heads }, (_, index) => [
    Math.floor(index / grid.heads),
    index % grid.heads,
  ]);
  const among = seeing.map((index) => every[index]!);
  const refuse = (what: string): never => {
    throw new HoldfastError(
      'E_SPEC',
      `the arm "${arm}" names ${what}, the model has ${grid.layers} layers of ${grid.heads} heads`,
    );
  };
  if ('count' in choice && choice.count > among.length) {
    refuse(`${choice.count} heads of those that see the whole dialogue, which are ${among.length}`);
  }
  switch (choice.kind) {
    case 'all':
      return every;
    case 'grid': {
      const { layers, heads: ofLayer } = choice;
      for (const layer of layers ?? []) if (layer >= grid.layers) refuse(`layer ${layer}`);
      for (const head of ofLayer ?? []) if (head >= grid.heads) refuse(`head ${head}`);
      return every.filter(
        ([layer, head]) => (layers?.includes(layer) ?? true) && (ofLayer?.includes(head) ?? true),
      );
    }
    case 'pairs':
      for (const [layer, head] of choice.pairs) {
        if (layer >= grid.layers || head >= grid.heads) refuse(`head ${head} of layer ${layer}`);
      }
      return inOrder(choice.pairs);
    case 'random':
      return inOrder(shuffled(among, choice.seed).slice(0, choice.count));
    case 'top':
    case 'bottom': {
      if (scores === null) throw new Error(`the arm "${arm}" asks for ranked heads, and none were ranked`);
      const ranked = rank(seeing, scores[choice.by]);
      const chosen = choice.kind === 'top' ? ranked.slice(0, choice.count) : ranked.slice(-choice.count);
      return inOrder(chosen.map((index) => every[index]!));
    }
  }
}

/** Indices by falling score; of equals, the one in front first. */
function rank(indices: readonly number[], scores: readonly number[]): number[] {
  return [...indices].sort((a, b) => scores[b]! - scores[a]! || a - b);
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
