/** The cpu executor: a graph of our own, written as ONNX and run by onnxruntime-node. It needs Node. */
export { examineCpu } from './examine.js';
export { type CpuOptions, createCpuExecutor } from './executor.js';
