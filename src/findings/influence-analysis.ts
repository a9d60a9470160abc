import type { Contrast } from '../study/index.js';
import { costsOf } from './costs.js';
import { testedEffects } from './effects.js';
import { type Trade, tradesOf } from './front.js';
import type { Inference } from './inference.js';
import {
  type ArmInfluence,
  type InfluenceEffect,
  influenceEffectsOf,
  influenceScores,
  influencesOf,
  type MeasuredArms,
  measuredArms,
} from './influence.js';
import { type InfluenceCorrelation, influenceCorrelationsOf } from './influence-correlation.js';
import type { PlanCheck } from './plan-check.js';
import { between } from './scores.js';
import type { ArmRecords, Slice } from './slices.js';
import type { ReportedSpec } from './study-result.js';
import { resampledTrades, tradedArms } from './trade-sample.js';

/** What was found of the prompt's influence in one slice. */
export interface InfluenceAnalysis {
  /** By reference, then by arm. */
  readonly arms: readonly ArmInfluence[];
  /** The total influence, of the arms whose own dialogues it was measured on; empty if it was not. */
  readonly total: readonly ArmInfluence[];
  readonly effects: readonly InfluenceEffect[];
  /** Late influence beside the first reference, against KL divergence. */
  readonly trades: readonly Trade[];
  /** Of the untouched arm. */
  readonly correlations: readonly InfluenceCorrelation[];
}

/** Analyses the influence in all slices; null for a slice in which none was measured. */
export function analyseInfluence(
  slices: readonly Slice[],
  spec: ReportedSpec,
  compared: { readonly contrasts: readonly Contrast[]; readonly plan: PlanCheck },
  inference: Inference,
): (InfluenceAnalysis | null)[] {
  const measured = slices.map((slice) => measuredArms(slice));
  const effects = testedEffects(
    measured.map((arms) => influenceEffectsOf(arms, compared, spec, inference)),
    inference,
  );
  return slices.map((slice, at) => {
    const own = measured[at]!;
    if (own.clusters === 0) return null;
    const arms = influencesOf(slice, spec, own, inference);
    return {
      arms,
      total: influencesOf(slice, spec, measuredArms(slice, 'total'), inference, false),
      effects: effects[at]!,
      trades: influenceTradesOf(slice, spec, own, arms, inference),
      correlations: influenceCorrelationsOf(slice, spec, own, inference),
    };
  });
}

function influenceTradesOf(
  slice: Slice,
  spec: ReportedSpec,
  { arms: records, references: [first] }: MeasuredArms,
  arms: readonly ArmInfluence[],
  inference: Inference,
): Trade[] {
  const measured = slice.measured.filter(({ name }) => records.has(name));
  const late = ({ name }: ArmRecords) => influenceScores(records.get(name)!, first!, between(spec.late));
  const traded = tradedArms(measured, late);
  if (traded === null) return [];
  const benefitOf = (arm: string) =>
    arms.find(({ name, reference }) => name === arm && reference === first)!.late;
  const trades = resampledTrades(traded, inference.permutationsFor(1));
  return tradesOf(trades, benefitOf, costsOf(slice, inference), spec.arms);
}
