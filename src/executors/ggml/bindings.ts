import type { KoffiFunc, LibraryHandle } from 'koffi';
import { koffi } from '../../koffi.js';

/**
 * The functions of ggml that this executor calls, each with its C declaration from ggml's headers (version 0.25.1).
 * Types that ggml names by pointers are `void *` here: koffi passes them as numbers, and the brands below keep them
 * apart in TypeScript. A wrong argument ends the process, so callers check every shape, type, size and id before a call.
 */

declare const brand: unique symbol;
type Handle<Name> = bigint & { readonly [brand]: Name };

/** `struct ggml_context *`: memory for the descriptions of tensors and graphs. */
export type Context = Handle<'context'>;
/** `struct ggml_tensor *` */
export type Tensor = Handle<'tensor'>;
/** `struct ggml_cgraph *` */
export type ComputeGraph = Handle<'graph'>;
/** `ggml_gallocr_t`: gives the tensors of a graph their memory. */
export type Allocator = Handle<'allocator'>;
/** `ggml_backend_t` */
export type BackendHandle = Handle<'backend'>;
/** `ggml_backend_dev_t` */
export type DeviceHandle = Handle<'device'>;
/** `ggml_backend_reg_t` */
export type RegistryHandle = Handle<'registry'>;
/** `ggml_backend_buffer_t` */
export type BufferHandle = Handle<'buffer'>;
/** `ggml_backend_buffer_type_t` */
export type BufferType = Handle<'buffer type'>;
/** `struct ggml_threadpool *` */
export type ThreadPool = Handle<'thread pool'>;
/** Any address. */
export type Address = bigint;

/** A C declaration, and the TypeScript type of the function. */
interface Declared<F> {
  readonly declaration: string;
  /** Only a type: never set. */
  readonly type?: F;
}
type Functions<Table> = { readonly [Name in keyof Table]: Table[Name] extends Declared<infer F> ? F : never };

const c = <F>(declaration: string): Declared<F> => ({ declaration });

/** Declarations of functions in libggml-base. Every pointer is `void *`. */
const BASE = {
  version: c<() => string>('const char *ggml_version(void)'),
  commit: c<() => string>('const char *ggml_commit(void)'),
  setLog: c<(logCallback: Address, userData: Address | null) => void>(
    'void ggml_log_set(void *log_callback, void *user_data)',
  ),

  freeContext: c<(ctx: Context) => void>('void ggml_free(void *ctx)'),
  tensorOverhead: c<() => number>('size_t ggml_tensor_overhead(void)'),
  graphOverhead: c<(size: number, grads: boolean) => number>(
    'size_t ggml_graph_overhead_custom(size_t size, bool grads)',
  ),
  setNoAlloc: c<(ctx: Context, noAlloc: boolean) => void>('void ggml_set_no_alloc(void *ctx, bool no_alloc)'),

  newTensor4d: c<(ctx: Context, type: number, ne0: number, ne1: number, ne2: number, ne3: number) => Tensor>(
    'void *ggml_new_tensor_4d(void *ctx, int type, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3)',
  ),
  view4d: c<
    (
      ctx: Context,
      a: Tensor,
      ne0: number,
      ne1: number,
      ne2: number,
      ne3: number,
      nb1: number,
      nb2: number,
      nb3: number,
      offset: number,
    ) => Tensor
  >(
    'void *ggml_view_4d(void *ctx, void *a, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3, size_t nb1, size_t nb2, size_t nb3, size_t offset)',
  ),
  reshape4d: c<(ctx: Context, a: Tensor, ne0: number, ne1: number, ne2: number, ne3: number) => Tensor>(
    'void *ggml_reshape_4d(void *ctx, void *a, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3)',
  ),
  permute: c<(ctx: Context, a: Tensor, axis0: number, axis1: number, axis2: number, axis3: number) => Tensor>(
    'void *ggml_permute(void *ctx, void *a, int axis0, int axis1, int axis2, int axis3)',
  ),
  contiguous: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_cont(void *ctx, void *a)'),
  copy: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>('void *ggml_cpy(void *ctx, void *a, void *b)'),
  pad: c<(ctx: Context, a: Tensor, p0: number, p1: number, p2: number, p3: number) => Tensor>(
    'void *ggml_pad(void *ctx, void *a, int p0, int p1, int p2, int p3)',
  ),

  getRows: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>(
    'void *ggml_get_rows(void *ctx, void *a, void *b)',
  ),
  setRows: c<(ctx: Context, a: Tensor, b: Tensor, c: Tensor) => Tensor>(
    'void *ggml_set_rows(void *ctx, void *a, void *b, void *c)',
  ),
  multiplyMatrix: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>(
    'void *ggml_mul_mat(void *ctx, void *a, void *b)',
  ),
  outerProduct: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>(
    'void *ggml_out_prod(void *ctx, void *a, void *b)',
  ),
  setPrecision: c<(a: Tensor, prec: number) => void>('void ggml_mul_mat_set_prec(void *a, int prec)'),
  add: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>('void *ggml_add(void *ctx, void *a, void *b)'),
  subtract: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>('void *ggml_sub(void *ctx, void *a, void *b)'),
  multiply: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>('void *ggml_mul(void *ctx, void *a, void *b)'),
  divide: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>('void *ggml_div(void *ctx, void *a, void *b)'),
  scaleBias: c<(ctx: Context, a: Tensor, s: number, b: number) => Tensor>(
    'void *ggml_scale_bias(void *ctx, void *a, float s, float b)',
  ),
  clamp: c<(ctx: Context, a: Tensor, min: number, max: number) => Tensor>(
    'void *ggml_clamp(void *ctx, void *a, float min, float max)',
  ),
  square: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_sqr(void *ctx, void *a)'),
  log: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_log(void *ctx, void *a)'),
  exp: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_exp(void *ctx, void *a)'),
  expm1: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_expm1(void *ctx, void *a)'),
  relu: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_relu(void *ctx, void *a)'),
  tanh: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_tanh(void *ctx, void *a)'),
  sumRows: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_sum_rows(void *ctx, void *a)'),
  argmax: c<(ctx: Context, a: Tensor) => Tensor>('void *ggml_argmax(void *ctx, void *a)'),
  rmsNorm: c<(ctx: Context, a: Tensor, eps: number) => Tensor>(
    'void *ggml_rms_norm(void *ctx, void *a, float eps)',
  ),
  softmax: c<(ctx: Context, a: Tensor, mask: Tensor | null, scale: number, maxBias: number) => Tensor>(
    'void *ggml_soft_max_ext(void *ctx, void *a, void *mask, float scale, float max_bias)',
  ),
  fusedAttention: c<
    (
      ctx: Context,
      q: Tensor,
      k: Tensor,
      v: Tensor,
      mask: Tensor | null,
      scale: number,
      maxBias: number,
      logitSoftcap: number,
    ) => Tensor
  >(
    'void *ggml_flash_attn_ext(void *ctx, void *q, void *k, void *v, void *mask, float scale, float max_bias, float logit_softcap)',
  ),
  swiglu: c<(ctx: Context, a: Tensor, b: Tensor) => Tensor>(
    'void *ggml_swiglu_split(void *ctx, void *a, void *b)',
  ),
  rope: c<
    (
      ctx: Context,
      a: Tensor,
      b: Tensor,
      c: Tensor | null,
      nDims: number,
      mode: number,
      nCtxOrig: number,
      freqBase: number,
      freqScale: number,
      extFactor: number,
      attnFactor: number,
      betaFast: number,
      betaSlow: number,
    ) => Tensor
  >(
    'void *ggml_rope_ext(void *ctx, void *a, void *b, void *c, int n_dims, int mode, int n_ctx_orig, float freq_base, float freq_scale, float ext_factor, float attn_factor, float beta_fast, float beta_slow)',
  ),

  quantize: c<
    (
      type: number,
      src: Float32Array,
      dst: Uint8Array,
      start: number,
      nrows: number,
      nPerRow: number,
      imatrix: null,
    ) => number
  >(
    'size_t ggml_quantize_chunk(int type, const float *src, void *dst, int64_t start, int64_t nrows, int64_t n_per_row, const float *imatrix)',
  ),

  setInput: c<(tensor: Tensor) => void>('void ggml_set_input(void *tensor)'),
  setOutput: c<(tensor: Tensor) => void>('void ggml_set_output(void *tensor)'),
  newGraph: c<(ctx: Context, size: number, grads: boolean) => ComputeGraph>(
    'void *ggml_new_graph_custom(void *ctx, size_t size, bool grads)',
  ),
  expand: c<(cgraph: ComputeGraph, tensor: Tensor) => void>(
    'void ggml_build_forward_expand(void *cgraph, void *tensor)',
  ),
  nodes: c<(cgraph: ComputeGraph) => number>('int ggml_graph_n_nodes(void *cgraph)'),
  node: c<(cgraph: ComputeGraph, i: number) => Tensor>('void *ggml_graph_node(void *cgraph, int i)'),
  nameOfOperation: c<(t: Tensor) => string>('const char *ggml_op_desc(void *t)'),

  newAllocator: c<(buft: BufferType) => Allocator>('void *ggml_gallocr_new(void *buft)'),
  freeAllocator: c<(galloc: Allocator) => void>('void ggml_gallocr_free(void *galloc)'),
  allocateGraph: c<(galloc: Allocator, graph: ComputeGraph) => boolean>(
    'bool ggml_gallocr_alloc_graph(void *galloc, void *graph)',
  ),
  allocatedBytes: c<(galloc: Allocator, bufferId: number) => number>(
    'size_t ggml_gallocr_get_buffer_size(void *galloc, int buffer_id)',
  ),

  dataOf: c<(tensor: Tensor) => Address | null>('void *ggml_get_data(void *tensor)'),
  set: c<(tensor: Tensor, data: NodeJS.ArrayBufferView, offset: number, size: number) => void>(
    'void ggml_backend_tensor_set(void *tensor, const void *data, size_t offset, size_t size)',
  ),
  get: c<(tensor: Tensor, data: NodeJS.ArrayBufferView, offset: number, size: number) => void>(
    'void ggml_backend_tensor_get(void *tensor, void *data, size_t offset, size_t size)',
  ),
  fill: c<(tensor: Tensor, value: number, offset: number, size: number) => void>(
    'void ggml_backend_tensor_memset(void *tensor, uint8_t value, size_t offset, size_t size)',
  ),
  place: c<(buffer: BufferHandle, tensor: Tensor, addr: Address) => number>(
    'int ggml_backend_tensor_alloc(void *buffer, void *tensor, void *addr)',
  ),
  allocateTensors: c<(ctx: Context, buft: BufferType) => BufferHandle | null>(
    'void *ggml_backend_alloc_ctx_tensors_from_buft(void *ctx, void *buft)',
  ),
  allocateBuffer: c<(buft: BufferType, size: number) => BufferHandle | null>(
    'void *ggml_backend_buft_alloc_buffer(void *buft, size_t size)',
  ),
  baseOf: c<(buffer: BufferHandle) => Address>('void *ggml_backend_buffer_get_base(void *buffer)'),
  alignmentOf: c<(buft: BufferType) => number>('size_t ggml_backend_buft_get_alignment(void *buft)'),
  sizeIn: c<(buft: BufferType, tensor: Tensor) => number>(
    'size_t ggml_backend_buft_get_alloc_size(void *buft, void *tensor)',
  ),
  sizeInBuffer: c<(buffer: BufferHandle, tensor: Tensor) => number>(
    'size_t ggml_backend_buffer_get_alloc_size(void *buffer, void *tensor)',
  ),
  freeBuffer: c<(buffer: BufferHandle) => void>('void ggml_backend_buffer_free(void *buffer)'),
  markAsWeights: c<(buffer: BufferHandle, usage: number) => void>(
    'void ggml_backend_buffer_set_usage(void *buffer, int usage)',
  ),
  bufferFromPointer: c<(ptr: Address, size: number) => BufferHandle | null>(
    'void *ggml_backend_cpu_buffer_from_ptr(void *ptr, size_t size)',
  ),
  bufferTypeOf: c<(device: DeviceHandle) => BufferType>('void *ggml_backend_dev_buffer_type(void *device)'),
  memoryOf: c<(device: DeviceHandle, free: BigUint64Array, total: BigUint64Array) => void>(
    'void ggml_backend_dev_memory(void *device, void *free, void *total)',
  ),

  compute: c<(backend: BackendHandle, cgraph: ComputeGraph) => number>(
    'int ggml_backend_graph_compute(void *backend, void *cgraph)',
  ),
  supports: c<(device: DeviceHandle, op: Tensor) => boolean>(
    'bool ggml_backend_dev_supports_op(void *device, void *op)',
  ),
  openDevice: c<(device: DeviceHandle, params: null) => BackendHandle | null>(
    'void *ggml_backend_dev_init(void *device, const char *params)',
  ),
  closeBackend: c<(backend: BackendHandle) => void>('void ggml_backend_free(void *backend)'),
  deviceDescription: c<(device: DeviceHandle) => string>(
    'const char *ggml_backend_dev_description(void *device)',
  ),
  deviceCount: c<(reg: RegistryHandle) => number>('size_t ggml_backend_reg_dev_count(void *reg)'),
  device: c<(reg: RegistryHandle, index: number) => DeviceHandle>(
    'void *ggml_backend_reg_dev_get(void *reg, size_t index)',
  ),
  registryOf: c<(device: DeviceHandle) => RegistryHandle>('void *ggml_backend_dev_backend_reg(void *device)'),
  procedure: c<(reg: RegistryHandle, name: string) => Address | null>(
    'void *ggml_backend_reg_get_proc_address(void *reg, const char *name)',
  ),
  initThreads: c<(p: Uint8Array, nThreads: number) => void>(
    'void ggml_threadpool_params_init(void *p, int n_threads)',
  ),
} as const;

/** Declarations of functions in every backend's library. */
const BACKEND = {
  init: c<() => RegistryHandle | null>('void *ggml_backend_init(void)'),
} as const;

/** Declarations of functions in a libggml-cpu besides. */
const CPU = {
  ...BACKEND,
  newThreads: c<(params: Uint8Array) => ThreadPool | null>('void *ggml_threadpool_new(void *params)'),
  freeThreads: c<(threadpool: ThreadPool) => void>('void ggml_threadpool_free(void *threadpool)'),
  pauseThreads: c<(threadpool: ThreadPool) => void>('void ggml_threadpool_pause(void *threadpool)'),
  useThreads: c<(backendCpu: BackendHandle, threadpool: ThreadPool | null) => void>(
    'void ggml_backend_cpu_set_threadpool(void *backend_cpu, void *threadpool)',
  ),
  setThreadCount: c<(backendCpu: BackendHandle, nThreads: number) => void>(
    'void ggml_backend_cpu_set_n_threads(void *backend_cpu, int n_threads)',
  ),
  setAbort: c<(backendCpu: BackendHandle, abortCallback: Address, data: Context) => void>(
    'void ggml_backend_cpu_set_abort_callback(void *backend_cpu, void *abort_callback, void *data)',
  ),
} as const;

/** The functions of libggml-base. */
export interface Ggml extends Functions<typeof BASE> {
  /** `struct ggml_context *ggml_init(struct ggml_init_params params)`, with room for descriptions alone. */
  newContext(bytes: number): Context | null;
  /** Runs a graph on another thread than JavaScript's. Returns ggml's status: 0 is success, 1 is aborted. */
  computeAside(backend: BackendHandle, graph: ComputeGraph): Promise<number>;
  /** The address of `ggml_get_no_alloc`, a function of one pointer that returns a flag. */
  readonly readFlag: Address;
  /** The address of `ggml_time_us`, a function without arguments that does nothing. */
  readonly doNothing: Address;
}

/** The functions of a libggml-cpu. */
export type GgmlCpu = Functions<typeof CPU>;

/** Binds the functions of libggml-base. */
export function bindGgml(path: string): Ggml {
  const base = loadForGood(path);
  const init = koffi.struct({ mem_size: 'size_t', mem_buffer: 'void *', no_alloc: 'bool' });
  const newContext = base.func('ggml_init', 'void *', [init]);
  const functions = bind(base, BASE);
  const compute = functions.compute as unknown as KoffiFunc<Ggml['compute']>;
  return {
    ...functions,
    newContext: (bytes) =>
      newContext({ mem_size: bytes, mem_buffer: null, no_alloc: true }) as Context | null,
    computeAside: (backend, graph) =>
      new Promise((resolve, reject) => {
        compute.async(backend, graph, (error: unknown, status: number) =>
          error ? reject(error) : resolve(status),
        );
      }),
    readFlag: koffi.address(base.symbol('ggml_get_no_alloc')),
    doNothing: koffi.address(base.symbol('ggml_time_us')),
  };
}

/**
 * Gives blocks of memory from 1 MiB on pages of their own, on Linux, which go back to the system when they are freed. By
 * itself glibc raises this limit up to 32 MiB; results that grow from call to call then leave holes behind in its heap.
 */
export function returnLargeBlocks(): void {
  if (process.platform !== 'linux') return;
  koffi.load(null).func('int mallopt(int param, int value)')(M_MMAP_THRESHOLD, 2 ** 20);
}

/** From glibc's `malloc.h`. */
const M_MMAP_THRESHOLD = -3;

/** Binds the functions of a libggml-cpu. */
export function bindCpu(path: string): GgmlCpu {
  return bind(loadForGood(path), CPU);
}

/** Binds the functions of another backend's library. */
export function bindBackend(path: string): Functions<typeof BACKEND> {
  return bind(loadForGood(path), BACKEND);
}

/** Returns a libggml-cpu's own judgement of how well it suits this processor: 0 if it cannot run here. */
export function scoreOf(path: string): number {
  const library = koffi.load(path);
  try {
    return library.func('int ggml_backend_score(void)')() as number;
  } finally {
    library.unload();
  }
}

/**
 * Loads a library and takes a second hold of it that is never given back. Without it, the library is unloaded when the
 * thread that loaded it ends, and ggml, loaded again by another thread, finds its own handler of errors installed and
 * ends the process.
 */
function loadForGood(path: string): LibraryHandle {
  const library = koffi.load(path);
  if (process.platform === 'win32') {
    koffi.load('kernel32.dll').func('void *LoadLibraryW(str16 path)')(path);
  } else {
    koffi.load(null).func('void *dlopen(const char *path, int mode)')(path, RTLD_NOW);
  }
  return library;
}

/** From `dlfcn.h`: the same number on Linux and macOS. */
const RTLD_NOW = 2;

function bind<Table extends Record<string, Declared<unknown>>>(
  library: LibraryHandle,
  table: Table,
): Functions<Table> {
  return Object.fromEntries(
    Object.entries(table).map(([name, { declaration }]) => [name, library.func(declaration)]),
  ) as Functions<Table>;
}

/** Returns the memory at an address as an array that shares it. The memory must outlive the array. */
export function memoryAt(address: Address, bytes: number): ArrayBuffer {
  return koffi.view(address, bytes);
}

/** Writes a pointer into a struct. @param offset of the field, in bytes */
export function writePointer(address: Address, offset: number, value: Address | null): void {
  koffi.encode(address, offset, 'void *', value);
}

/** Reads an array of pointers that ends with a null pointer. */
export function readPointers(address: Address): Address[] {
  const pointers: Address[] = [];
  for (;;) {
    const next = koffi.decode(address, pointers.length * 8, 'void *') as Address | null;
    if (next === null || next === 0n) return pointers;
    pointers.push(next);
  }
}

/** Once, because koffi keeps every type. */
const TAKES_POINTER = koffi.proto('void *', ['void *']);

/** Calls `void *f(void *)` at an address. */
export function callWithPointer(address: Address, argument: Address): Address {
  return koffi.call(address, TAKES_POINTER, argument) as Address;
}
