/** The onnx executor: a graph of our own, written as ONNX and run by onnxruntime-node. It needs Node. */
export { createOnnxExecutor } from './create.js';
export { examineOnnx } from './examine.js';
