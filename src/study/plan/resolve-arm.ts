import type { HeadSelection } from '../../attention/index.js';
import { policyChoice } from '../../dialogue/index.js';
import { HoldfastError } from '../../errors.js';
import { createRandom } from '../../random.js';
import type { ArmSpec, HeadChoice, HeadPair } from '../spec/index.js';
import type { ModelFacts } from './address.js';
import type { Arm, ArmSettings } from './arm.js';

/** A model's heads: their grid, and which of them see the whole dialogue. */
export type Heads = Pick<ModelFacts, 'grid' | 'seeing'>;

/** The scores that heads are ranked by, each `[layers × heads]`. */
export interface HeadScores {
  readonly share: readonly number[];
  readonly decay: readonly number[];
}

/** Returns whether an arm acts on ranked heads. */
export function needsRanking({ on, silence }: ArmSpec): boolean {
  const ranked = (choice: HeadChoice | null): boolean => choice?.kind === 'top' || choice?.kind === 'bottom';
  return ranked(on) || ranked(silence);
}

/**
 * Resolves an arm: chooses its heads. Settings that change nothing are omitted, so that equivalent arms are equal.
 * @param scores the scores of the heads; null if the arm needs no ranking
 * @throws HoldfastError `E_SPEC` for heads that the model does not have
 */
export function resolveArm(arm: ArmSpec, heads: Heads, scores: HeadScores | null): Arm {
  const { name, policy, schedule, target, cache, silence, guidance, repeatEvery, reminder, noSystem } = arm;
  const choice = policyChoice(policy, schedule);
  const acting: ArmSettings =
    choice.policy === 'off'
      ? { policy: choice.policy }
      : {
          ...(choice.schedule === null ? { policy: choice.policy } : choice),
          target,
          ...selection(arm, heads, scores),
          ...(cache && { cache }),
        };
  const settings = {
    ...acting,
    ...(silence && { silence: pairsOf(silence, arm.name, heads, scores) }),
    ...(reminder && { reminder }),
    ...(guidance !== null && { guidance }),
  };
  return { name, settings, repeatEvery, noSystem };
}

function selection({ on, name }: ArmSpec, heads: Heads, scores: HeadScores | null): HeadSelection {
  if (on.kind === 'all') return {};
  const pairs = pairsOf(on, name, heads, scores);
  if (on.kind !== 'grid') return { pairs };
  return {
    ...(on.layers && { layers: ascending(on.layers) }),
    ...(on.heads && { heads: ascending(on.heads) }),
  };
}

/**
 * Returns the chosen heads, sorted by layer and head. Ranked and random choices include only heads that see the whole
 * dialogue: late in a dialogue the other heads cannot see the prompt.
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
  const refuse = (
    what: string,
    why = `the model has ${grid.layers} layers of ${grid.heads} heads`,
  ): never => {
    throw new HoldfastError('E_SPEC', `the arm "${arm}" names ${what}, but ${why}`);
  };
  const refuseAll = (missing: readonly string[]): void => {
    if (missing.length > 0) refuse(LIST.format(missing));
  };
  if ('count' in choice && choice.count > among.length) {
    refuse(`${choice.count} heads`, `only ${among.length} of the model's heads see the whole dialogue`);
  }
  switch (choice.kind) {
    case 'all':
      return every;
    case 'grid': {
      const { layers, heads: ofLayer } = choice;
      refuseAll([
        ...named(
          'layer',
          (layers ?? []).filter((layer) => layer >= grid.layers),
        ),
        ...named(
          'head',
          (ofLayer ?? []).filter((head) => head >= grid.heads),
        ),
      ]);
      return every.filter(
        ([layer, head]) => (layers?.includes(layer) ?? true) && (ofLayer?.includes(head) ?? true),
      );
    }
    case 'pairs':
      refuseAll(
        choice.pairs
          .filter(([layer, head]) => layer >= grid.layers || head >= grid.heads)
          .map(([layer, head]) => `head ${head} of layer ${layer}`),
      );
      return inOrder(choice.pairs);
    case 'random':
      return inOrder(shuffled(among, choice.seed).slice(0, choice.count));
    case 'top':
    case 'bottom': {
      if (scores === null) throw new Error(`the arm "${arm}" needs ranked heads, but no scores were given`);
      const ranked = rank(seeing, scores[choice.by]);
      const chosen = choice.kind === 'top' ? ranked.slice(0, choice.count) : ranked.slice(-choice.count);
      return inOrder(chosen.map((index) => every[index]!));
    }
  }
}

const LIST = new Intl.ListFormat('en-GB');

/** Returns `layers 7, 8`; nothing for no indices. */
const named = (noun: string, indices: readonly number[]): string[] =>
  indices.length === 0 ? [] : [`${noun}${indices.length === 1 ? '' : 's'} ${indices.join(', ')}`];

/** Sorts indices by descending score, ties by index. */
function rank(indices: readonly number[], scores: readonly number[]): number[] {
  return [...indices].sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Fisher–Yates shuffle. The order depends only on the seed and the number of values. */
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
