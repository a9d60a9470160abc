import type { ByteSource } from './bytes.js';

/** The storage type of a tensor's elements: plain floats, integers, or one of GGUF's quantised block types. */
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

/** A tensor's type, shape and location. Its location was checked against the file's size when the header was read. */
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

/** A metadata value of a GGUF header, or of a safetensors header's `__metadata__`, whose values are all strings. */
export type MetadataValue = string | number | bigint | boolean | readonly MetadataValue[] | NumericArray;

/** An array of numbers in GGUF metadata. */
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

/** A model file, or a set of shards, whose headers have been read and checked. Tensors are read on demand. */
export interface Checkpoint {
  readonly format: 'safetensors' | 'gguf';
  /** The path or URL shown in errors. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Reading a value that is invalid throws `E_GGUF`. */
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** What the user should know about the file, with its name: it is odd, but does no harm. */
  readonly notes?: readonly string[];
}
