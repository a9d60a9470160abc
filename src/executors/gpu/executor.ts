import type { Blueprint, ModelPlan } from '../../architectures/index.js';
import { HoldfastError } from '../../errors.js';
import type { Checkpoint } from '../../formats/index.js';
import type {
  Executor,
  ForwardRequest,
  ForwardResult,
  Precision,
  Profile,
  Sequence,
} from '../contract/index.js';
import {
  copyRequest,
  copySequence,
  type DecoderShape,
  decoderShape,
  emptyResult,
  forwardAll,
  Turns,
  throwIfAborted,
} from '../contract/index.js';
import { bandwidthOf } from './bandwidth.js';
import { Device } from './device.js';
import { type DeviceWeights, uploadWeights } from './matrices.js';
import { Pace } from './pace.js';
import { rowsOfPasses } from './pass-buffers.js';
import { PassRunner, type StartedPass } from './pass-runner.js';
import { Profiler } from './profiler.js';
import { compilePrograms, ON_A_GPU, ON_A_PROCESSOR, type Tuning } from './programs.js';
import { GpuSequence } from './sequence.js';
import { deviceError } from './shared-device.js';

export interface GpuOptions {
  /** The form of the weights; default: `auto`. */
  readonly precision?: Precision;
  /** Default: the best tuning measured for this kind of adapter. */
  readonly tuning?: Tuning;
  /**
   * Called while the model is loaded, when programs begin to be compiled and after each, with the number compiled and the number
   * of all. Default: a note tells the progress after a second.
   */
  readonly onCompiled?: (done: number, total: number) => void;
}

/** A model on a device. */
interface Loaded {
  readonly device: Device;
  readonly weights: DeviceWeights;
  readonly runner: PassRunner;
}

/** How often a call rebuilds the model on a new device before it gives up. */
const MOST_LOSSES = 2;

/**
 * Loads a model onto a GPU. If the device is lost later (a driver that restarts, a browser that needs memory), the next
 * pass loads the model again, and computes the caches of its sequences from their tokens, to the same bits.
 * @param gpu the browser's `navigator.gpu`, or Dawn's
 * @param checkpoint must stay open for that
 * @throws HoldfastError `E_EXECUTOR` if there is no adapter, its limits or its memory are too small, or a kernel does
 * not compile; `E_UNSUPPORTED` for a model whose layers differ in heads or head size
 */
export async function createGpuExecutor(
  gpu: GPU,
  plan: ModelPlan,
  checkpoint: Checkpoint,
  options: GpuOptions = {},
): Promise<Executor> {
  const shape = decoderShape(plan.blueprint);
  checkSizes(plan.blueprint, shape);
  // It outlives a lost device: the next one is the same GPU, and the loss may say that a part took too long.
  const pace = new Pace();
  const load = (): Promise<Loaded> => loadOnto(gpu, plan, checkpoint, shape, pace, options);
  const loadAgain = (): Promise<Loaded> => {
    pace.observeLoss();
    return load();
  };
  return new GpuExecutor(plan.blueprint, shape, await load(), loadAgain);
}

async function loadOnto(
  gpu: GPU,
  plan: ModelPlan,
  checkpoint: Checkpoint,
  shape: DecoderShape,
  pace: Pace,
  { precision = 'auto', tuning, onCompiled }: GpuOptions,
): Promise<Loaded> {
  const device = await Device.open(gpu);
  try {
    const weights = await uploadWeights(device, plan, checkpoint, precision);
    const fitting = tuning ?? (device.found.isSoftware ? ON_A_PROCESSOR : ON_A_GPU);
    const rows = rowsOfPasses(plan.blueprint, shape, fitting.rows, device.largest);
    const programs = await compilePrograms(device, plan.blueprint, shape, weights, fitting, rows, onCompiled);
    const runner = await device.allocate(
      'activations',
      () => new PassRunner(device, plan.blueprint, shape, weights, programs, rows, pace),
    );
    return { device, weights, runner };
  } catch (error) {
    device.dispose();
    throw error;
  }
}

/** Checks the sizes of a model: kernels read four numbers at once. */
function checkSizes({ hiddenSize, layers }: Blueprint, { headDim }: DecoderShape): void {
  const sizes = {
    'hidden size': [hiddenSize],
    'head size': [headDim],
    'MLP size': layers.map(({ mlp }) => mlp.size),
  };
  for (const [what, numbers] of Object.entries(sizes)) {
    const odd = numbers.find((size) => size % 4 !== 0);
    if (odd === undefined) continue;
    throw new HoldfastError(
      'E_UNSUPPORTED',
      `the gpu executor needs a ${what} that is a multiple of 4, not ${odd}`,
    );
  }
}

class GpuExecutor implements Executor {
  readonly name = 'gpu';
  /** Runs one pass at a time: passes share the buffers of activations. */
  readonly #turns = new Turns();
  #disposed = false;

  #loaded: Loaded;

  constructor(
    readonly blueprint: Blueprint,
    private readonly shape: DecoderShape,
    loaded: Loaded,
    private readonly loadAgain: () => Promise<Loaded>,
  ) {
    this.#loaded = loaded;
  }

  get precision(): string {
    return this.#loaded.weights.forms;
  }

  open(contextLength: number): Sequence {
    this.#assertUsable();
    return new GpuSequence(this, this.#loaded.device, this.shape, contextLength);
  }

  copy(sequence: Sequence): Promise<Sequence> {
    const open = ({ device, contextLength }: GpuSequence): GpuSequence => {
      this.#assertUsable();
      return new GpuSequence(this, device, this.shape, contextLength);
    };
    return copySequence(this, sequence, GpuSequence, open, async (from, to) => {
      const { device, runner } = this.#loaded;
      if (from.device === device) {
        const copied = this.#turns.take(() => runner.copy(from, to, () => this.#assertUsable()));
        await copied.catch((error: unknown) => {
          // The next pass of the copy computes it on another device.
          if (device.lost === null) throw error;
        });
      }
      to.follow(from);
    });
  }

  forward(
    requests: readonly ForwardRequest[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ForwardResult[]> {
    return this.#forward(requests, (request, sequence) => this.#runAgain(request, sequence, options.signal));
  }

  #forward(
    requests: readonly ForwardRequest[],
    run: (request: ForwardRequest, sequence: GpuSequence) => Promise<ForwardResult>,
  ): Promise<ForwardResult[]> {
    return forwardAll(this, this.blueprint, requests, GpuSequence, run);
  }

  async profile(given: ForwardRequest): Promise<Profile> {
    this.#assertUsable();
    const own = copyRequest(given);
    // Open the profiler before the request, so that a failure leaves the sequence unchanged.
    const { device } = this.#loaded;
    const bandwidth = await this.#turns.take(() => bandwidthOf(device));
    const profiler = await Profiler.open(device);
    try {
      await this.#forward([own], (request, sequence) =>
        this.#run(request, sequence, this.#loaded, undefined, profiler),
      );
      return { kernels: profiler.kernels, bandwidth };
    } finally {
      profiler.dispose();
    }
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#turns.take(async () => {
      await this.#loaded.runner.idle();
      this.#loaded.device.dispose();
    });
  }

  #assertUsable(): void {
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the executor has been disposed of');
  }

  /** Runs a request; again on a new device if the device is lost meanwhile. */
  async #runAgain(
    request: ForwardRequest,
    sequence: GpuSequence,
    signal: AbortSignal | undefined,
  ): Promise<ForwardResult> {
    const { length } = sequence;
    for (let losses = 0; ; losses++) {
      const loaded = this.#loaded;
      try {
        if (sequence.device !== loaded.device) await this.#recompute(sequence, loaded, signal);
        return await this.#run(request, sequence, loaded, signal, null);
      } catch (error) {
        if (loaded.device.lost === null || losses === MOST_LOSSES) throw error;
        sequence.cut(length);
        await this.#turns.take(() => this.#reload(loaded));
      }
    }
  }

  /** Loads the model onto a new device, unless another request already has. */
  async #reload(lost: Loaded): Promise<void> {
    this.#assertUsable();
    if (this.#loaded !== lost) return;
    try {
      this.#loaded = await this.loadAgain();
    } catch (cause) {
      const what = `the GPU was lost (${lost.device.lost}), and the model cannot be loaded again`;
      throw deviceError(what, cause);
    }
    lost.device.dispose();
  }

  /** Computes a sequence's cache on a new device, by the requests that it was computed from. */
  async #recompute(sequence: GpuSequence, loaded: Loaded, signal: AbortSignal | undefined): Promise<void> {
    const copy = new GpuSequence(this, loaded.device, this.shape, sequence.contextLength);
    try {
      for (const { request, end } of sequence.history.entries) {
        await this.#passes({ ...request, sequence: copy, logits: 'none' }, copy, loaded, signal, null);
        copy.cut(end);
      }
      sequence.assertUsableBy(this);
      sequence.takeOver(copy);
    } finally {
      copy.dispose();
    }
  }

  /** Runs a request, and remembers it. */
  async #run(
    request: ForwardRequest,
    sequence: GpuSequence,
    loaded: Loaded,
    signal: AbortSignal | undefined,
    profiler: Profiler | null,
  ): Promise<ForwardResult> {
    const result = await this.#passes(request, sequence, loaded, signal, profiler);
    sequence.history.add(request, sequence.length);
    return result;
  }

  async #passes(
    request: ForwardRequest,
    sequence: GpuSequence,
    { runner }: Loaded,
    signal: AbortSignal | undefined,
    profiler: Profiler | null,
  ): Promise<ForwardResult> {
    const start = sequence.length;
    const { tokens } = request;
    const result = emptyResult(request, this.blueprint, start);
    const check = (): void => {
      throwIfAborted(signal);
      this.#assertUsable();
      sequence.assertUsableBy(this);
    };
    let earlier: StartedPass | null = null;
    const rowsOfPass = runner.rowsOf(request, start);
    for (let row = 0, most = 0; ; row += most) {
      most = rowsOfPass();
      const end = row + most;
      const isLast = end >= tokens.length;
      const pass: StartedPass = await this.#turns.take(async () => {
        check();
        const input = {
          request,
          sequence,
          tokens: tokens.slice(row, end),
          row,
          result,
          profiler,
          check,
        };
        const started = await runner.start(input);
        if (isLast || profiler) await started.results;
        await profiler?.collect();
        return started;
      });
      // The GPU already works on this pass while the host takes the results of the one before.
      await earlier?.results;
      check();
      earlier = pass;
      if (!isLast) continue;
      const candidates = await pass.results;
      return candidates === null ? result : { ...result, candidates };
    }
  }
}
