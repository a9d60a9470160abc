import { createOnnxExecutor } from '../../src/executors/onnx/index.js';
import { conformance } from './suite.js';

conformance('onnx', ({ plan, files }) => createOnnxExecutor(plan, files.checkpoint, { precision: 'f32' }));
