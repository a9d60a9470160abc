import type { SliceAnalysis } from './analysis.js';
import { effectSentence, isEquivalent, pText, signed, verdictOfEffect, whyUnclear } from './effect-words.js';
import type { Effect, WindowName } from './effects.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/** Puts the differences of arms into sentences: the primary outcome, the other planned ones, and those after the fact. */

/** Reports the primary outcome of a locked plan: every contrast of it, corrected as a family of its own. */
export function primaryWords({ effects, floor }: SliceAnalysis, spec: ReportedSpec): string[] {
  const primary = effects.filter(({ standing }) => standing === 'primary');
  const [first] = primary;
  if (first === undefined) return [];
  const family = primary.length === 1 ? '' : `, corrected over its ${primary.length} contrasts`;
  return [
    [
      `Primary outcome, stability ${whenText(first.window, spec)}${family}.`,
      ...sentences(primary, '', floor),
    ].join(' '),
  ];
}

/** Returns the effect that stands for the primary outcome in a headline: its only one, or the largest that is seen. */
export function primaryEffect({ effects }: SliceAnalysis): Effect | null {
  const primary = effects.filter(({ standing }) => standing === 'primary');
  const seen = primary.filter((effect) => verdictOfEffect(effect) !== 'unclear');
  return (primary.length === 1 ? primary[0] : largestFirst(seen)[0]) ?? null;
}

/** Returns the primary outcome in short, to begin a headline with; empty without one. */
export function primaryHeadline(analysis: SliceAnalysis, spec: ReportedSpec): string {
  const { effects, floor } = analysis;
  const primary = effects.filter(({ standing }) => standing === 'primary');
  const [first] = primary;
  if (first === undefined) return '';
  const outcome = `Primary outcome, stability ${whenText(first.window, spec)}`;
  const shown = primaryEffect(analysis);
  if (shown === null) return `${outcome}: none of ${primary.length} contrasts shows a difference. `;
  const seen = primary.filter((effect) => verdictOfEffect(effect) !== 'unclear').length;
  const among =
    primary.length === 1 ? '' : `${seen} of ${primary.length} contrasts show a difference, the largest `;
  return `${outcome}: ${among}${effectSentence(shown, floor)}. `;
}

/**
 * Reports the other differences: late ones, and arms that are less stable than the baseline already in early rounds. Those
 * that the locked plan does not have are one finding, which says so once; if the plan has none of the report's
 * comparisons, the report's first sentence says so.
 */
export function otherDifferences(
  { effects, floor, plan, slice }: SliceAnalysis,
  spec: ReportedSpec,
): string[] {
  const told = (standing: Effect['standing']): string[] => {
    const own = effects.filter((effect) => effect.standing === standing);
    const harmful = own.filter(
      (effect) =>
        effect.window === 'early' && effect.against === slice.baseline && verdictOfEffect(effect) === 'below',
    );
    const where = ` ${whenText('late', spec)}`;
    return [
      ...sentences(
        own.filter(({ window }) => window === 'late'),
        where,
        floor,
      ),
      ...(floor === null ? sentences(harmful, ` already ${whenText('early', spec)}`, floor) : []),
    ];
  };
  const after = told('after the fact');
  if (plan.planned.length === 0 || after.length === 0) return [...told('planned'), ...after];
  return [
    ...told('planned'),
    `After the fact, because the locked plan does not have these comparisons. ${after.join(' ')}`,
  ];
}

/** Returns one sentence for each arm that others are compared with and each verdict. */
function sentences(effects: readonly Effect[], where: string, floor: SliceAnalysis['floor']): string[] {
  return [...new Set(effects.map(({ against }) => against))].flatMap((against) => {
    const own = largestFirst(effects.filter((effect) => effect.against === against));
    const list = (verdict: 'above' | 'below', words: string): string[] =>
      sentence(
        floor === null
          ? `${words} than ${against}${where}`
          : `Differences from ${against}${where} that are ${verdict} zero, on a model at the floor`,
        own.filter((effect) => verdictOfEffect(effect) === verdict).map(numbersOf),
      );
    const unclear = own.filter((effect) => verdictOfEffect(effect) === 'unclear');
    const equivalent = unclear.filter(isEquivalent);
    const margin = equivalent[0]?.equivalence?.margin;
    return [
      ...list('above', 'More stable'),
      ...list('below', 'Less stable'),
      ...sentence(
        `Equivalent to ${against}${where}, with no difference of ${margin} or more`,
        equivalent.map(({ arm, equivalence }) => `${arm} (p ${pText(equivalence!.p)})`),
      ),
      ...sentence(
        `Not distinguishable from ${against}${where}`,
        unclear
          .filter((effect) => !isEquivalent(effect))
          .map((effect) => `${effect.arm} (${whyUnclear(effect)})`),
      ),
    ];
  });
}

const sentence = (heading: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : [`${heading}: ${items.join('; ')}.`];

const largestFirst = (effects: readonly Effect[]): Effect[] =>
  [...effects].sort((a, b) => Math.abs(b.difference.value) - Math.abs(a.difference.value));

function numbersOf(effect: Effect): string {
  const { arm, difference, pHolm, equivalence } = effect;
  const small = isEquivalent(effect) ? `, by less than ${equivalence!.margin}` : '';
  return `${arm} ${signed(difference)} (p ${pText(pHolm)}${small})`;
}

function whenText(window: WindowName, { early, late }: ReportedSpec): string {
  if (window === 'last') return 'after the last probed round';
  return `in ${roundsText(window === 'early' ? early : late)}`;
}
