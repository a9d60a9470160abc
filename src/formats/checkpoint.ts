import type { ByteSource } from './bytes.js';

/** How a tensor's elements are stored: plain floats, integers, or one of GGUF's quantised blocks. */
export type TensorType =
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q8_0'
  | 'Q2_K'
  | 'Q3_K'
  | 'Q4_K'
  | 'Q5_K'
  | 'Q6_K'
  | 'IQ4_NL'
  | 'IQ4_XS'
  | 'MXFP4';

/** Where a tensor lies. Checked against the file's size when the header was read. */
export interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  /** Outermost dimension first: a weight is `[out features, in features]`, an embedding `[vocab, hidden]`. */
  readonly shape: readonly number[];
  readonly source: ByteSource;
  /** Absolute byte offset in `source`. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A value of a GGUF header (or of a safetensors header's `__metadata__`, where all are strings). */
export type MetadataValue = string | number | bigint | boolean | readonly MetadataValue[] | NumericArray;
export type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** A model file (or shards of one) whose header has been read and checked; tensors are read on demand. */
export interface Checkpoint {
  readonly format: 'safetensors' | 'gguf';
  /** How errors name it. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
}
