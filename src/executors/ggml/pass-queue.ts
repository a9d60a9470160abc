import { setImmediate } from 'node:timers/promises';
import { type Blueprint, parameterCount } from '../../architectures/index.js';
import {
  cutSpans,
  emptyResult,
  type ForwardRequest,
  type ForwardResult,
  type SpanPiece,
  throwIfAborted,
} from '../contract/index.js';
import type { Chunk } from './pass-plan.js';
import type { PassRunner } from './pass-runner.js';
import type { GgmlSequence } from './sequence.js';

/** The most new tokens of a pass. */
export const MOST_ROWS = 256;

/** A request on its way: its next token, and where its result goes. */
interface Job {
  readonly request: ForwardRequest;
  readonly sequence: GgmlSequence;
  readonly signal: AbortSignal | undefined;
  readonly result: ForwardResult;
  readonly pieces: readonly SpanPiece[];
  next: number;
  readonly resolve: (result: ForwardResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Requests that wait for their next pass. Whatever has arrived when a pass begins takes part in it, so that concurrent
 * callers share its cost.
 */
export class PassQueue {
  readonly #parameters: number;
  /** In the order of their turns. */
  #jobs: Job[] = [];
  #working: Promise<void> | null = null;

  /**
   * @param owner the executor of the sequences
   * @param assertUsable throws if it can run no more
   */
  constructor(
    private readonly owner: object,
    private readonly blueprint: Blueprint,
    private readonly runner: PassRunner,
    private readonly assertUsable: () => void,
  ) {
    this.#parameters = parameterCount(blueprint);
  }

  /** Runs a request in as many passes as it needs. Its sequence counts the tokens of every pass that ended. */
  add(
    request: ForwardRequest,
    sequence: GgmlSequence,
    signal: AbortSignal | undefined,
  ): Promise<ForwardResult> {
    return new Promise((resolve, reject) => {
      const result = emptyResult(request, this.blueprint, sequence.length);
      const pieces = cutSpans(request.spans ?? [], request.intervention?.target ?? []);
      this.#jobs.push({ request, sequence, signal, result, pieces, next: 0, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Waits until no request waits. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Runs passes until no request waits. */
  async #work(): Promise<void> {
    for (;;) {
      // Lets timers, input and signals run, and those who wait for a result ask for their next token.
      await setImmediate();
      this.#jobs = this.#jobs.filter((job) => this.#isAlive(job));
      if (this.#jobs.length === 0) break;
      await this.#pass();
    }
    this.#working = null;
  }

  /** Ends a job that cannot go on. */
  #isAlive({ signal, sequence, reject }: Job): boolean {
    try {
      throwIfAborted(signal);
      this.assertUsable();
      sequence.assertUsableBy(this.owner);
      return true;
    } catch (error) {
      reject(error);
      return false;
    }
  }

  async #pass(): Promise<void> {
    const jobs = new Map(this.#nextJobs().map((job) => [this.#chunkOf(job), job] as const));
    const chunks = [...jobs.keys()];
    const signals = new Set([...jobs.values()].map(({ signal }) => signal));
    const signal = signals.size === 1 ? [...signals][0] : undefined;
    const waiting = this.#jobs.filter((job) => ![...jobs.values()].includes(job));
    const undo = (): void => {
      for (const { sequence, past, tokens } of chunks) {
        if (!sequence.isDisposed) sequence.arena.clear(sequence.slot, past, past + tokens.length);
      }
    };
    try {
      if (!(await this.runner.run(chunks, signal, (chunk) => jobs.get(chunk)!.result))) {
        undo();
        return;
      }
    } catch (error) {
      undo();
      for (const { reject } of jobs.values()) reject(error);
      this.#jobs = this.#jobs.filter((job) => ![...jobs.values()].includes(job));
      return;
    }
    const arrived = this.#jobs.filter((job) => !waiting.includes(job) && ![...jobs.values()].includes(job));
    const unfinished: Job[] = [];
    for (const [{ sequence, tokens, isLast }, job] of jobs) {
      sequence.extend(tokens.length);
      job.next += tokens.length;
      if (isLast) job.resolve(job.result);
      else unfinished.push(job);
    }
    // Those who waited come first next time.
    this.#jobs = [...waiting, ...unfinished, ...arrived];
  }

  /** The waiting jobs that can share a pass with the first, as many as fit. */
  #nextJobs(): Job[] {
    const [first] = this.#jobs;
    const rotation = this.runner.rotationKey(first!.sequence);
    const taken: Job[] = [];
    let rows = 0;
    for (const job of this.#jobs) {
      const { sequence } = job;
      if (sequence.arena !== first!.sequence.arena || this.runner.rotationKey(sequence) !== rotation)
        continue;
      const size = this.#chunkSize(job);
      if (taken.length > 0 && rows + size > MOST_ROWS) continue;
      taken.push(job);
      rows += size;
    }
    return taken;
  }

  #chunkSize({ request, sequence, next }: Job): number {
    return Math.min(
      request.tokens.length - next,
      chunkTokens(this.blueprint, this.#parameters, sequence.length),
    );
  }

  #chunkOf(job: Job): Chunk {
    const { request, sequence, next, pieces } = job;
    const size = this.#chunkSize(job);
    return {
      ...{ request, sequence, pieces },
      first: next,
      past: sequence.length,
      tokens: request.tokens.slice(next, next + size),
      isLast: next + size === request.tokens.length,
    };
  }
}

/** Multiply-adds of a chunk: a fraction of a second on a small machine, so that a long prefill can be aborted. */
const CHUNK_OPERATIONS = 256 * 135e6;

/**
 * Returns how many tokens of a long prefill go through the graph at once. It depends only on the model and the
 * position, so that the same prompt is always split, and rounded, the same way.
 */
function chunkTokens(blueprint: Blueprint, parameters: number, past: number): number {
  const attention = blueprint.layers.reduce(
    (sum, { attention: { heads, headDim, window } }) =>
      sum + 2 * heads * headDim * Math.min(past, window ?? past),
    0,
  );
  const tokens = 2 ** Math.round(Math.log2(CHUNK_OPERATIONS / (parameters + attention)));
  return Math.min(MOST_ROWS, Math.max(16, tokens));
}
