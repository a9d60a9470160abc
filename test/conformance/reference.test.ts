import { createReferenceExecutor } from '../../src/executors/index.js';
import { conformance } from './suite.js';

conformance('reference', ({ plan, files }) => createReferenceExecutor(plan, files.checkpoint));
