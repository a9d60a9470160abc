/**
 * This room turns model files into tensors: it reads and checks safetensors and GGUF headers, reads a tensor's
 * bytes, decodes floats and quantised blocks to f32, and writes safetensors. It knows byte layouts and nothing of
 * what the tensors mean. It must not know files, folders or Node (bytes come through `ByteSource`, so that it runs
 * in a browser), architectures or executors. Every number that a file states is held against the file's size
 * before anything is allocated or read by it; what leaves this room needs no more checking.
 */

export { type ByteSource, memorySource } from './bytes.js';
export type { Checkpoint, MetadataValue, NumericArray, TensorInfo, TensorType } from './checkpoint.js';
export { dequantize, dequantizeInto } from './dequantize.js';
export { openGguf } from './gguf.js';
export { openSplitGguf } from './gguf-split.js';
export { type Fetch, httpSource } from './http-source.js';
export {
  blockValues,
  type IntegerBlocks,
  integerBlocks,
  packNibbles,
  quantizeBlocks,
} from './integer-blocks.js';
export { locateJsonError, whyNoJson } from './json-scanner.js';
export { readTensor } from './read-tensor.js';
export { openSafetensors, type SafetensorsDtype } from './safetensors.js';
export { openShardedSafetensors, shardNames } from './safetensors-shards.js';
export { encodeSafetensors, type TensorToWrite } from './safetensors-writer.js';
export { BLOCK_LAYOUTS, type BlockLayout, byteLengthOf } from './tensor-types.js';
