import { grouped } from '../grouped.js';
import { type NestedMean, nestedMean } from '../statistics/index.js';
import type { Contrast } from '../study/index.js';
import type { Windows } from './course.js';
import { type DialoguePairs, pairsOf, type WindowName, windowsOf } from './effects.js';
import { FEWEST } from './inference.js';
import { probeScores, type RoundFilter, scoreIn } from './scores.js';
import type { Slice } from './slices.js';

/** Sources of variance, from the outermost. A source that a study cannot tell from the next one is part of it. */
export type VarianceSource = 'prompt' | 'dialogue' | 'seed';

/**
 * The difference of two arms by a mixed model with random intercepts for prompts and dialogues, and where its
 * variance comes from. It stands beside the bootstrap where dialogues share prompts, or seeds share dialogues.
 */
export interface MixedEffect {
  readonly arm: string;
  /** The arm that it is a difference from. */
  readonly against: string;
  readonly window: WindowName;
  readonly difference: NestedMean['mean'];
  /** Part of the variance of a single dialogue's difference, 0…1; null for a source that is not told apart. */
  readonly shares: Readonly<Record<VarianceSource, number | null>>;
}

/** Fits every effect of a slice that has levels to tell apart. */
export function mixedEffectsOf(
  slice: Slice,
  contrasts: readonly Contrast[],
  windows: Windows,
): MixedEffect[] {
  return pairsOf(slice, contrasts).flatMap(({ contrast: { left: arm, right: against }, pair }) =>
    windowsOf(pair.right, windows).flatMap(({ window, has }) => {
      const fitted = effectOf(pair, has);
      return fitted === null ? [] : [{ arm, against, window, ...fitted }];
    }),
  );
}

/** One run of a dialogue: its difference of stability, and its groups. */
export interface Run {
  readonly value: number;
  readonly prompt: string;
  readonly dialogue: number;
}

function effectOf(pair: DialoguePairs, has: RoundFilter): Pick<MixedEffect, 'difference' | 'shares'> | null {
  const runs = runsOf(pair, has);
  const byPrompt = [...grouped(runs, ({ prompt }) => prompt).values()];
  const counts = {
    prompt: byPrompt.length,
    dialogue: byPrompt.reduce((sum, own) => sum + new Set(own.map(({ dialogue }) => dialogue)).size, 0),
    seed: runs.length,
  };
  const sources = (['prompt', 'dialogue'] as const).filter((source, at) => {
    const finer = at === 0 ? counts.dialogue : counts.seed;
    return counts[source] > 1 && counts[source] < finer;
  });
  if (sources.length === 0 || counts[sources[0]!] < FEWEST) return null;
  const { mean, variances } = nestedMean(
    runs.map((run) => ({ value: run.value, groups: sources.map((source) => run[source]) })),
  );
  const total = variances.reduce((sum, variance) => sum + variance, 0);
  if (!(total > 0)) return null;
  const residual: VarianceSource = counts.dialogue < counts.seed ? 'seed' : 'dialogue';
  const shareOf = (source: VarianceSource): number | null => {
    const at = [...sources, residual].indexOf(source);
    return at < 0 ? null : variances[at]! / total;
  };
  return {
    difference: mean,
    shares: { prompt: shareOf('prompt'), dialogue: shareOf('dialogue'), seed: shareOf('seed') },
  };
}

/** Returns the runs of dialogues that both arms were probed in. */
export function runsOf({ left, right }: DialoguePairs, has: RoundFilter): Run[] {
  const partners = right.flat();
  const stability = probeScores();
  return left.flat().flatMap((dialogue, at) => {
    const own = scoreIn(dialogue, has, stability);
    const other = scoreIn(partners[at]!, has, stability);
    if (own.count === 0 || other.count === 0) return [];
    const value = own.sum / own.count - other.sum / other.count;
    return [{ value, prompt: dialogue.system, dialogue: dialogue.index }];
  });
}
