/**
 * Architectures: from a checkpoint and its configuration to a blueprint, a model in plain data, and the places of
 * its weights. This room knows the model families and both spellings of their files, and it is where a model that
 * cannot be run faithfully is refused, by the name of the feature. It must not know how a blueprint is executed,
 * where files come from, or anything about text: no executor is imported here, and nothing of Node.
 */
export type * from './blueprint.js';
export { kvBytesPerToken, parameterCount, printBlueprint } from './describe.js';
export { readWeight, readWeightBytes, type StoredWeight } from './model-weights.js';
export { planModel } from './plan.js';
export { dependsOnContext, type RopeFrequencies, ropeFrequencies } from './rope.js';
export { weightShapes } from './weight-shapes.js';
