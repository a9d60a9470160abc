import type { SliceAnalysis } from './analysis.js';
import { effectSentence } from './effect-words.js';
import type { Effect, WindowName } from './effects.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/** Reports the primary outcome of a locked plan: every contrast of it, corrected as a family of its own. */
export function primaryWords({ effects, floor }: SliceAnalysis, spec: ReportedSpec): string[] {
  const primary = effects.filter(({ standing }) => standing === 'primary');
  if (primary.length === 0) return [];
  const family = primary.length === 1 ? '' : `, corrected over the primary contrasts`;
  return [
    `Primary outcome, stability ${whenText(primary[0]!.window, spec)}${family}: ${primary.map((effect) => effectSentence(effect, floor)).join('; ')}.`,
  ];
}

/** Returns the primary outcome in short, to begin a headline with; empty without one. */
export function primaryHeadline({ effects, floor }: SliceAnalysis, spec: ReportedSpec): string {
  const primary = effects.filter(({ standing }) => standing === 'primary');
  const [first] = primary;
  if (first === undefined) return '';
  const shown = [...primary].sort((a, b) => a.pHolm - b.pHolm)[0]!;
  const others = primary.length === 1 ? '' : `, the clearest of ${primary.length} contrasts`;
  return `Primary outcome, stability ${whenText(first.window, spec)}: ${effectSentence(shown, floor)}${others}. `;
}

/** Reports contrasts of other arms than the baseline, and says which of them the plan does not have. */
export function contrastWords({ slice, effects, floor }: SliceAnalysis, spec: ReportedSpec): string[] {
  const others = effects.filter(
    ({ against, window, standing }) =>
      against !== slice.baseline && window === 'late' && standing !== 'primary',
  );
  const told = (standing: Effect['standing'], heading: string): string[] => {
    const own = others.filter((effect) => effect.standing === standing);
    if (own.length === 0) return [];
    return [`${heading}: ${own.map((effect) => effectSentence(effect, floor)).join('; ')}.`];
  };
  const when = whenText('late', spec);
  return [
    ...told('planned', `Other planned contrasts, stability ${when}`),
    ...told('after the fact', `After the fact, stability ${when}`),
  ];
}

function whenText(window: WindowName, { early, late }: ReportedSpec): string {
  if (window === 'last') return 'after the last probed round';
  return `in ${roundsText(window === 'early' ? early : late)}`;
}
