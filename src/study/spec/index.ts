/**
 * Specifications of studies: reads YAML and returns one checked value with all defaults filled in. Knows keys, values
 * and places in the file; must not know models, cells or folders.
 */
export { analysisPlanOf, contrastKey } from './analysis-plan.js';
export { isUntouched, writtenParts } from './arm-parts.js';
export { canonicalJson } from './canonical-json.js';
export { headsText } from './heads.js';
export { measures } from './measured-parts.js';
export { type PlacedSpec, type Places, parsePlacedSpec, parseSpec, specError } from './parse.js';
export { wordsOf } from './read-value.js';
export type {
  AnalysisPlan,
  ArmSpec,
  Contrast,
  CostsSpec,
  HeadChoice,
  HeadPair,
  InfluenceSpec,
  MeasuredPart,
  ModelSpec,
  PrimaryOutcome,
  ReferenceChoice,
  SourceSpec,
  StudySpec,
} from './spec.js';
