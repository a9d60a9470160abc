import { describe, it } from 'vitest';
import type { HoldfastError } from '../../src/errors.js';
import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import { EXECUTOR_TABLE } from '../../src/executors/registry.js';
import { FAMILIES } from '../support/families.js';
import { copySuite } from './copies.js';
import { SHAPES } from './fixtures.js';
import { shapeSuite } from './heads.js';
import type { CreateExecutor } from './runs.js';
import { subjectOf } from './subject.js';
import { familySuite } from './suite.js';

/** Null where the backend's package and a device are. */
const problem = await EXECUTOR_TABLE['ggml-vulkan'].examine().then(
  () => null,
  (error: HoldfastError) => error.message,
);

const create: CreateExecutor = ({ plan, files }) =>
  createGgmlExecutor(plan, files.checkpoint, { precision: 'f32' }, 'ggml-vulkan');

describe.skipIf(problem !== null)('ggml-vulkan executor', () => {
  for (const family of SHAPES) describe(`heads of ${family}`, () => shapeSuite(family, create));
  for (const family of FAMILIES) describe(family, () => familySuite(family, create));
  copySuite(subjectOf('llama', create), 'llama', create);
});

it.runIf(problem !== null)('ggml-vulkan does not work here: its tests are skipped', () => {
  console.log(`skipped: ${problem}`);
});
