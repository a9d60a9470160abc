/**
 * Architectures: turns a checkpoint and its configuration into a blueprint (a model in plain data) and the locations of
 * its weights. Knows the model families and their file formats. Refuses a model that it cannot run faithfully, and
 * names the unsupported feature. Must not know how a blueprint is executed, where files come from, or anything about
 * text; it imports no executor and nothing of Node.
 */
export type * from './blueprint.js';
export { LAYER_NORMS } from './blueprint.js';
export { kvBytesPerToken, parameterCount, printBlueprint } from './describe.js';
export { requireFiniteWeights } from './finite-weights.js';
export { readWeight, readWeightBytes, type StoredWeight } from './model-weights.js';
export { planModel, tensorShapes } from './plan.js';
export { dependsOnContext, type RopeFrequencies, ropeFrequencies } from './rope.js';
export { weightShapes } from './weight-shapes.js';
