/** The cpu executor: a graph of our own, written as ONNX and run by onnxruntime-node. Needs Node. */

export { type CpuOptions, createCpuExecutor } from './executor.js';
