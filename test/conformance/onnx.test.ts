import { describe } from 'vitest';
import { createOnnxExecutor } from '../../src/executors/onnx/index.js';
import { FAMILIES } from '../support/families.js';
import { copySuite } from './copies.js';
import { SHAPES } from './fixtures.js';
import { shapeSuite } from './heads.js';
import type { CreateExecutor } from './runs.js';
import { subjectOf } from './subject.js';
import { goldenSuite, shareSuite } from './suite.js';

/** `onnx` is a second witness beside `cpu`: golden runs of every family, the shares of one family for each shape, and copies. */
const create: CreateExecutor = ({ plan, files }) =>
  createOnnxExecutor(plan, files.checkpoint, { precision: 'f32' });

describe('onnx executor', () => {
  describe.each(FAMILIES)('%s', (family) => goldenSuite(subjectOf(family, create)));
  describe.each(SHAPES)('shares of %s', (family) => shareSuite(subjectOf(family, create)));
  describe.each(SHAPES)('heads of %s', (family) => shapeSuite(family, create));
  copySuite(subjectOf('llama', create), 'llama', create);
});
