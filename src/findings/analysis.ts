import { type ChanceLevel, chanceLevelOf, chanceRoundsOf } from './chance.js';
import { reportedContrasts } from './contrasts.js';
import { type ShareCorrelation, shareCorrelationOf } from './correlation.js';
import { type ArmCosts, costsOf } from './costs.js';
import { type ArmCourse, courseOf, type RoundEstimate } from './course.js';
import { type Effect, effectsOf, testedEffects } from './effects.js';
import { correctedGains, type EqualCostGain, equalCostGains, mostGains } from './equal-kl.js';
import { type Trade, tradesOf } from './front.js';
import { type HeadMap, headMapOf } from './heads.js';
import { type AnalysisOptions, createInference, type Inference } from './inference.js';
import { analyseInfluence, type InfluenceAnalysis } from './influence-analysis.js';
import { type Floor, floorOf } from './judgement.js';
import { checkPlan, type PlanCheck } from './plan-check.js';
import { type QualityCheck, qualityOf, testedQuality } from './quality.js';
import { baselineOf, type Slice, slicesOf } from './slices.js';
import { columnsOf, type StudyColumns } from './study-columns.js';
import type { StudiedModel, StudyResult } from './study-result.js';
import { type Survival, survivalOf, testedSurvival } from './survival.js';
import { type ArmTrades, lateStability, resampledTrades, tradedArms } from './trade-sample.js';
import { type MixedEffect, mixedEffectsOf } from './variance.js';

/** All results of a study for one model on one source of dialogues. */
export interface SliceAnalysis {
  readonly slice: Slice;
  readonly model: StudiedModel;
  /** One per arm that was run, over the dialogues that all arms have; empty if there are none. */
  readonly courses: readonly ArmCourse[];
  /** The course of the baseline arm; null if it was not run. */
  readonly baseline: ArmCourse | null;
  /** Set if the model does not follow its system prompt even at the start. */
  readonly floor: Floor | null;
  readonly effects: readonly Effect[];
  /** The effects by a mixed model, where dialogues share prompts or seeds share dialogues. */
  readonly mixed: readonly MixedEffect[];
  /** How the study's report follows the locked analysis plan. */
  readonly plan: PlanCheck;
  /** Ability, fluency, perplexity and choice of the other arms beside the untouched one's. */
  readonly quality: readonly QualityCheck[];
  /** What the probes of all arms score by chance; null if it is not known. */
  readonly chance: ChanceLevel | null;
  /** The same by round. */
  readonly chanceRounds: readonly RoundEstimate[];
  readonly costs: readonly ArmCosts[];
  readonly trades: readonly Trade[];
  readonly gains: readonly EqualCostGain[];
  /** One per arm with judged dialogues. */
  readonly survival: readonly Survival[];
  readonly correlations: readonly ShareCorrelation[];
  /** The prompt's influence; null if it was not measured. */
  readonly influence: InfluenceAnalysis | null;
  /** Of the baseline arm. */
  readonly heads: HeadMap | null;
}

/** Computes every number of the report, one analysis per slice. Pure: the same records give the same numbers. */
export function analyse(given: StudyResult | StudyColumns, options: AnalysisOptions = {}): SliceAnalysis[] {
  const study = columnsOf(given);
  const { spec, models } = study;
  const inference = createInference(options);
  const slices = slicesOf(study);
  const plan = checkPlan(study);
  const compared = { contrasts: reportedContrasts(study), plan, margin: spec.margin };
  const effects = testedEffects(
    slices.map((slice) => effectsOf(slice, compared, spec, inference)),
    inference,
  );
  const quality = testedQuality(
    slices.map((slice) => qualityOf(slice, spec, inference)),
    inference,
  );
  const trades = tradesIn(slices, spec, inference);
  const gains = correctedGains(
    trades.map((own) => (own === null ? [] : equalCostGains(own, spec.arms))),
    inference,
  );
  const survival = testedSurvival(
    slices.map((slice) => survivalOf(slice, inference)),
    inference,
  );
  const influence = analyseInfluence(slices, spec, compared, inference);
  return slices.map((slice, at) => {
    const model = models.find(({ name }) => name === slice.labels.model)!;
    const { arms, sample } = slice;
    const courses =
      sample.clusters === 0 ? [] : arms.map((arm) => courseOf(arm, slice.chance, spec, inference));
    const baseline = baselineOf(slice);
    const costs = costsOf(slice, inference);
    const stabilityOf = (arm: string) => courses.find(({ name }) => name === arm)!.stability.late;
    return {
      slice,
      model,
      courses,
      baseline: courses.find(({ name }) => name === slice.baseline) ?? null,
      floor: floorOf(slice, spec, inference),
      effects: effects[at]!,
      mixed: mixedEffectsOf(slice, compared.contrasts, spec),
      plan,
      quality: quality[at]!,
      chance: chanceLevelOf(arms[0]!.shared, slice.chance, inference),
      chanceRounds: chanceRoundsOf(arms[0]!.shared, slice.chance, inference),
      costs,
      trades: trades[at] === null ? [] : tradesOf(trades[at]!, stabilityOf, costs, spec.arms),
      gains: gains[at]!,
      survival: survival[at]!,
      correlations: arms
        .map((arm) => shareCorrelationOf(arm, spec, inference))
        .filter((correlation) => correlation !== null),
      influence: influence[at]!,
      heads: baseline === undefined ? null : headMapOf(baseline, model, spec),
    };
  });
}

/** Resamples the trades of every slice, as often as the gains of all slices need that are tested on them. */
function tradesIn(
  slices: readonly Slice[],
  spec: StudyResult['spec'],
  inference: Inference,
): (ArmTrades | null)[] {
  const traded = slices.map(({ arms }) => tradedArms(arms, lateStability(spec)));
  const tests = traded.reduce((sum, own) => sum + (own === null ? 0 : mostGains(own.names, spec.arms)), 0);
  const resamples = inference.permutationsFor(tests);
  return traded.map((own) => (own === null ? null : resampledTrades(own, resamples)));
}
