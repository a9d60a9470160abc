import { dependsOnContext, parameterCount, ropeFrequencies } from '../../architectures/index.js';
import type { Backend } from './backend.js';
import type { BufferHandle, ComputeGraph } from './bindings.js';
import { DecoderGraph, nodesOf, type PassOutputs } from './decoder-graph.js';
import type { DecoderParts, PassInputs, Rotation } from './decoder-parts.js';
import { GraphMemory } from './graph-memory.js';
import { writeTensor } from './memory.js';
import type { Chunk, PassPlan } from './pass-plan.js';
import { planPass } from './plan-pass.js';
import { type PassResult, ResultReader } from './read-results.js';
import type { GgmlSequence } from './sequence.js';
import type { TensorContext } from './tensor.js';
import { Scratch, writeInputs } from './write-inputs.js';

/** Graphs that are kept to run again. A dialogue needs one; several in turns need more. */
const KEPT_GRAPHS = 8;

/** Multiply-adds of a pass that takes a few milliseconds on a small machine. */
const SHORT_PASS = 150e6;

/** A graph with its memory. */
interface BuiltGraph {
  readonly context: TensorContext;
  readonly graph: ComputeGraph;
  readonly inputs: PassInputs;
  readonly outputs: PassOutputs;
}

/**
 * Runs passes: plans them, builds their graphs or takes those that an earlier pass of the same structure built, writes
 * the inputs, runs, and reads the results. All graphs share their memory, because only one runs at a time and every run
 * writes all of its inputs.
 */
export class PassRunner {
  /** By structure; the first was used longest ago. */
  readonly #graphs = new Map<string, BuiltGraph>();
  readonly #rotations = new Map<number, RotationSet>();
  readonly #parameters: number;
  readonly #reader: ResultReader;
  readonly #scratch = new Scratch();
  readonly #memory: GraphMemory;

  constructor(
    private readonly backend: Backend,
    private readonly parts: DecoderParts,
  ) {
    this.#memory = new GraphMemory(backend);
    this.#parameters = parameterCount(parts.blueprint);
    this.#reader = new ResultReader(backend.ggml, parts.shape, parts.blueprint);
  }

  /**
   * Runs chunks of sequences of one arena and one rotation. The sequences do not count the new tokens yet.
   * @returns false if it was aborted; keys and values of the chunks may then be written in part
   */
  async run(
    chunks: readonly Chunk[],
    signal: AbortSignal | undefined,
    resultOf: (chunk: Chunk) => PassResult,
  ): Promise<boolean> {
    const { shape } = this.parts;
    const plan = planPass(chunks, shape, this.#fuses(chunks[0]!.sequence));
    for (const { parts, windows } of plan.groups) {
      const end = Math.max(...windows.map((window) => window.end));
      for (const { chunk } of parts) plan.arena.prepare(chunk.sequence.slot, end);
    }
    const built = this.#graphOf(plan, this.rotationKey(chunks[0]!.sequence));
    writeInputs(this.backend.ggml, plan, built.inputs, shape, this.#scratch);
    const isShort = plan.rows * this.#parameters <= SHORT_PASS;
    if (!(await this.backend.run(built.graph, signal, isShort))) return false;
    this.#reader.read(plan, built.outputs, resultOf);
    return true;
  }

  /** Whether attention may be fused: where an exact cache is kept, all rows go through the same operations. */
  #fuses({ arena }: GgmlSequence): boolean {
    return this.backend.isProcessor && arena.type === 'F16';
  }

  /** Sequences with the same key can share a pass: their positions turn by the same angles. */
  rotationKey({ contextLength }: GgmlSequence): number {
    return this.parts.shape.ropes.some(dependsOnContext) ? contextLength : 0;
  }

  #graphOf(plan: PassPlan, rotation: number): BuiltGraph {
    const key = structureOf(plan, rotation);
    const kept = this.#graphs.get(key);
    if (kept !== undefined) {
      this.#graphs.delete(key);
      this.#graphs.set(key, kept);
      return kept;
    }
    const { backend, parts } = this;
    const { builder, context } = backend.graph(nodesOf(parts.shape, plan.groups.length));
    const decoder = new DecoderGraph(builder, parts, plan, this.#rotationsOf(rotation));
    try {
      backend.require(builder.graph);
      this.#memory.give(builder, `a pass of ${plan.rows} tokens`, () => this.#forgetGraphs());
    } catch (error) {
      context.free();
      throw error;
    }
    while (this.#graphs.size >= KEPT_GRAPHS) {
      const [oldest, { context }] = this.#graphs.entries().next().value!;
      context.free();
      this.#graphs.delete(oldest);
    }
    const built = { context, graph: builder.graph, inputs: decoder.inputs, outputs: decoder.outputs };
    this.#graphs.set(key, built);
    return built;
  }

  #forgetGraphs(): void {
    for (const { context } of this.#graphs.values()) context.free();
    this.#graphs.clear();
  }

  #rotationsOf(key: number): readonly Rotation[] {
    let set = this.#rotations.get(key);
    if (set === undefined) {
      set = new RotationSet(this.backend, this.parts, key);
      this.#rotations.set(key, set);
    }
    return set.rotations;
  }

  dispose(): void {
    this.#forgetGraphs();
    for (const set of this.#rotations.values()) set.dispose();
    this.#memory.dispose();
  }
}

/** Everything of a plan that the structure of its graph depends on. */
function structureOf(
  { arena, rows, groups, logitRows, probabilities, attentionTaps, hiddenTaps }: PassPlan,
  rotation: number,
): string {
  const own = groups.map(({ parts, views: _, ...group }) => ({ ...group, sequences: parts.length }));
  const wanted = [logitRows.length, probabilities, attentionTaps, hiddenTaps];
  return JSON.stringify([arena.id, rotation, rows, own, wanted]);
}

/** A model's rotary embeddings as tensors, for sequences of one context length if they depend on it. */
class RotationSet {
  readonly rotations: readonly Rotation[];
  readonly #context: TensorContext;
  readonly #buffer: BufferHandle | null;

  constructor(
    private readonly backend: Backend,
    { shape: { ropes } }: DecoderParts,
    contextLength: number,
  ) {
    const { ggml } = backend;
    this.#context = backend.context(ropes.length);
    const filled = ropes.map((rope) => {
      const { inverseFrequencies, amplitude } = ropeFrequencies(rope, contextLength);
      const divisors = this.#context.tensor('F32', inverseFrequencies.length);
      const data = Float32Array.from(inverseFrequencies, (frequency) => 1 / frequency);
      return { rotation: { divisors, rotaryDim: rope.rotaryDim, amplitude }, data };
    });
    this.#buffer = ropes.length === 0 ? null : backend.allocate(this.#context, 'the rotary embedding');
    for (const { rotation, data } of filled) writeTensor(ggml, rotation.divisors, data);
    this.rotations = filled.map(({ rotation }) => rotation);
  }

  dispose(): void {
    if (this.#buffer !== null) this.backend.ggml.freeBuffer(this.#buffer);
    this.#context.free();
  }
}
