import { setImmediate } from 'node:timers/promises';
import { type Blueprint, parameterCount } from '../../architectures/index.js';
import {
  chunkTokens,
  cutSpans,
  emptyResult,
  type ForwardRequest,
  type ForwardResult,
  type SpanPiece,
  Turns,
  throwIfAborted,
} from '../contract/index.js';
import type { Chunk } from './pass-plan.js';
import type { PassRunner } from './pass-runner.js';
import { type SmallShares, smallSharesOf } from './policy-parts.js';
import type { PassResult } from './read-results.js';
import type { GgmlSequence } from './sequence.js';

/** The most new tokens of a pass. */
export const MOST_ROWS = 512;

/** A request on its way: its next token, and where its result goes. */
interface Job {
  readonly request: ForwardRequest;
  readonly sequence: GgmlSequence;
  readonly signal: AbortSignal | undefined;
  readonly result: PassResult;
  readonly pieces: readonly SpanPiece[];
  readonly small: SmallShares;
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
  /** The backend runs one graph at a time. */
  readonly #turns = new Turns();

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
      const small = smallSharesOf(request);
      this.#jobs.push({ request, sequence, signal, result, pieces, small, next: 0, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Runs other work on the backend, between passes. */
  between(work: () => Promise<void>): Promise<void> {
    return this.#turns.take(async () => {
      this.assertUsable();
      await work();
    });
  }

  /** Waits until no request and no other work waits. */
  async idle(): Promise<void> {
    await this.#working;
    await this.#turns.take(async () => {});
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
    const jobs = this.#takeJobs();
    const chunks = [...jobs.keys()];
    const waiting = this.#jobs.length;
    const signals = new Set([...jobs.values()].map(({ signal }) => signal));
    const signal = signals.size === 1 ? [...signals][0] : undefined;
    const undo = (): void => {
      for (const { sequence, past, tokens } of chunks) {
        if (!sequence.isDisposed) sequence.arena.clear(sequence.slot, past, past + tokens.length);
      }
    };
    try {
      const resultOf = (chunk: Chunk): PassResult => jobs.get(chunk)!.result;
      if (!(await this.#turns.take(() => this.runner.run(chunks, signal, resultOf)))) {
        undo();
        this.#jobs.unshift(...jobs.values());
        return;
      }
    } catch (error) {
      undo();
      for (const { reject } of jobs.values()) reject(error);
      return;
    }
    const unfinished: Job[] = [];
    for (const [{ sequence, tokens, isLast }, job] of jobs) {
      sequence.extend(tokens.length);
      job.next += tokens.length;
      if (isLast) job.resolve(job.result);
      else unfinished.push(job);
    }
    // Those who waited come first next time, those who came meanwhile last.
    this.#jobs.splice(waiting, 0, ...unfinished);
  }

  /** Takes the waiting jobs that can share a pass with the first, as many as fit, and their next chunks. */
  #takeJobs(): Map<Chunk, Job> {
    const { sequence: first } = this.#jobs[0]!;
    const rotation = this.runner.rotationKey(first);
    const taken = new Map<Chunk, Job>();
    const left: Job[] = [];
    let rows = 0;
    for (const job of this.#jobs) {
      const { arena } = job.sequence;
      const fits = arena === first.arena && this.runner.rotationKey(job.sequence) === rotation;
      const chunk = fits ? this.#chunkOf(job) : null;
      if (chunk === null || (taken.size > 0 && rows + chunk.tokens.length > MOST_ROWS)) {
        left.push(job);
        continue;
      }
      taken.set(chunk, job);
      rows += chunk.tokens.length;
    }
    this.#jobs = left;
    return taken;
  }

  #chunkOf({ request, sequence, next, pieces, small }: Job): Chunk {
    const most = chunkTokens(CHUNK, this.blueprint, this.#parameters, sequence.length);
    const tokens = request.tokens.slice(next, next + most);
    const past = sequence.length;
    return {
      ...{ request, sequence, small, tokens, past },
      // A piece that begins later has no share yet, and costs a column.
      pieces: pieces.filter(({ start }) => start < past + tokens.length),
      first: next,
      isLast: next + tokens.length === request.tokens.length,
    };
  }
}

/** A fraction of a second on a small machine, so that a long prefill can be aborted. */
const CHUNK = { operations: 512 * 135e6, least: 64, most: MOST_ROWS } as const;
