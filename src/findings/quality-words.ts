import { numberText } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { TOLERATED_FALL } from './judgement.js';
import { type QualityCheck, qualityVerdict } from './quality.js';

/** Says which arms are broken or worse beside the untouched arm, whatever their stability. */
export function qualityWords({ quality }: SliceAnalysis): string[] {
  const [first] = quality;
  if (first === undefined) return [];
  const told = (verdict: 'broken' | 'worse'): string =>
    byArm(quality.filter((check) => qualityVerdict(check) === verdict));
  const broken = told('broken');
  const worse = told('worse');
  return [
    ...(broken === ''
      ? []
      : [`Broken beside ${first.beside}: ${broken}. Such an arm harms more than the hold on the prompt.`]),
    ...(worse === ''
      ? []
      : [`Worse than ${first.beside}, by at most ${100 * TOLERATED_FALL} % of its value: ${worse}.`]),
  ];
}

/** Returns the qualities in which an arm is broken; empty if there are none. */
export function brokenIn({ quality }: SliceAnalysis, arm: string): QualityCheck[] {
  return quality.filter((check) => check.arm === arm && qualityVerdict(check) === 'broken');
}

/** Returns `ability 0.15 against 1.00`. */
export function qualityText({ quality, own, untouched }: QualityCheck): string {
  return `${quality} ${numberText(own.value)} against ${numberText(untouched.value)}`;
}

function byArm(checks: readonly QualityCheck[]): string {
  const arms = [...new Set(checks.map(({ arm }) => arm))];
  return arms
    .map(
      (arm) =>
        `${arm} (${checks
          .filter((check) => check.arm === arm)
          .map(qualityText)
          .join(', ')})`,
    )
    .join('; ');
}
