/**
 * Turns model files into tensors: reads and checks safetensors and GGUF headers, reads tensors' bytes, decodes floats
 * and quantised blocks to f32, and writes safetensors. Knows byte layouts, not what the tensors mean. Must not know
 * files, folders or Node (it reads through `ByteSource`, so that it also runs in a browser), architectures or
 * executors. Checks every number in a file against the file's size before it allocates or reads by it. Callers need not
 * check its results again.
 */

export { type ByteSource, memorySource } from './bytes.js';
export type { Checkpoint, MetadataValue, NumericArray, TensorInfo, TensorType } from './checkpoint.js';
export { type CsvComplaint, type CsvRecord, csvLine, parseCsv } from './csv.js';
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
export { locateJsonError } from './json-scanner.js';
export { refusePointer, refusePointerText } from './lfs-pointer.js';
export { nonFiniteIn } from './non-finite.js';
export { parseJson } from './parse-json.js';
export { readTensor } from './read-tensor.js';
export { openSafetensors, type SafetensorsDtype } from './safetensors.js';
export { openShardedSafetensors, shardNames } from './safetensors-shards.js';
export { encodeSafetensors, type TensorToWrite } from './safetensors-writer.js';
export { SHARING, type SharedFactors, sharedFactors } from './shared-factors.js';
export { BLOCK_LAYOUTS, byteLengthOf } from './tensor-types.js';
