import { type ShareCorrelation, shareCorrelationOf } from './correlation.js';
import { type ArmCosts, costsOf } from './costs.js';
import { type ArmCourse, courseOf } from './course.js';
import { correctedEffects, type Effect, effectsOf } from './effects.js';
import { type Trade, tradesOf } from './front.js';
import { type HeadMap, headMapOf } from './heads.js';
import { type AnalysisOptions, createInference } from './inference.js';
import { isAtFloor } from './judgement.js';
import { type Slice, slicesOf } from './slices.js';
import type { ModelFacts, StudyResult } from './study-result.js';

/** What a study says of one model on one source of dialogues. */
export interface SliceAnalysis {
  readonly slice: Slice;
  readonly model: ModelFacts;
  /** In the order of the specification; the first is the one that the others are compared with. */
  readonly courses: readonly ArmCourse[];
  /** Whether the model does not even at first do what it is told. */
  readonly atFloor: boolean;
  readonly effects: readonly Effect[];
  readonly costs: readonly ArmCosts[];
  readonly trades: readonly Trade[];
  readonly correlations: readonly ShareCorrelation[];
  /** Of the first arm. */
  readonly heads: HeadMap | null;
}

/** All that the report says in numbers. Pure: the same records give the same numbers. */
export function analyse(study: StudyResult, options: AnalysisOptions = {}): SliceAnalysis[] {
  const { spec, models } = study;
  const inference = createInference(options);
  const slices = slicesOf(study);
  const effects = correctedEffects(slices.map((slice) => effectsOf(slice, spec, inference)));
  return slices.map((slice, at) => {
    const model = models.find(({ name }) => name === slice.labels.model)!;
    const courses = slice.arms.map((arm) => courseOf(arm, spec, inference));
    const costs = costsOf(slice, inference);
    return {
      slice,
      model,
      courses,
      atFloor: isAtFloor(courses[0]!),
      effects: effects[at]!,
      costs,
      trades: tradesOf(courses, costs),
      correlations: slice.arms
        .map((arm) => shareCorrelationOf(arm, spec, inference))
        .filter((correlation) => correlation !== null),
      heads: headMapOf(slice.arms[0]!, model, spec),
    };
  });
}
