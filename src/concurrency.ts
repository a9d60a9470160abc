import { availableParallelism } from 'node:os';
import { availableMemory } from 'node:process';
import { type Blueprint, kvBytesPerToken, parameterCount } from './architectures/index.js';
import { defaultContextLength } from './engine/index.js';
import { executorEntry } from './executors/registry.js';

/** How many dialogues of a model run at once. Results do not depend on it. */
export interface Concurrency {
  /** Copies of the model, each in a thread of its own. */
  readonly jobs: number;
  /** Dialogues that run at once on each copy. */
  readonly batch: number;
  /** Threads of each copy's executor; null for as many as it uses when it is alone. */
  readonly threads: number | null;
}

/** What a user asks for; the rest is chosen. */
export interface AskedConcurrency {
  readonly jobs?: number | undefined;
  readonly batch?: number | undefined;
}

/** The sizes of a model that a choice depends on. No result does. */
export interface ModelSize {
  readonly parameters: number;
  /** Memory of one dialogue; see {@link cacheBytes}. */
  readonly dialogueBytes: number;
}

/** The parts of a machine that a choice depends on. */
export interface Machine {
  readonly cores: number;
  /** Memory that is free for new data. */
  readonly freeBytes: number;
}

/** The largest batch that is chosen. A larger one gains little, and every dialogue waits for all others of its batch. */
const LARGEST_BATCH = 16;
/**
 * Parameters of a model that gains from batches. The weights of a smaller one stay in the processor's cache, so its rows
 * have nothing to share, and a batch is as wide as its longest dialogue.
 */
const FEWEST_PARAMETERS = 16e6;
/** The part of the free memory that keys and values may fill. */
const CACHE_PART = 0.5;

/**
 * Chooses how many dialogues run at once. Every core gets a copy of the model with one thread: so one copy computes while
 * another samples, and no thread waits for another one inside a pass. If the executor batches, each copy runs as many
 * dialogues at once as fit into memory, up to 16: the rows of a pass share the reading of the weights. An executor that
 * does not batch, or a tiny model, gains nothing from a second dialogue.
 * @param executor its name in the registry
 * @throws HoldfastError `E_EXECUTOR` if there is no such executor
 */
export function planConcurrency(
  executor: string,
  size: ModelSize,
  asked: AskedConcurrency,
  machine: Machine = thisMachine(),
): Concurrency {
  return concurrencyOf(executorEntry(executor).batches, size, asked, machine);
}

/** As {@link planConcurrency}. @param batches whether the executor runs concurrent calls as one batch */
export function concurrencyOf(
  batches: boolean,
  { parameters, dialogueBytes }: ModelSize,
  asked: AskedConcurrency,
  { cores, freeBytes }: Machine,
): Concurrency {
  const jobs = asked.jobs ?? cores;
  const fitting = Math.floor((CACHE_PART * freeBytes) / (jobs * dialogueBytes));
  const gains = batches && parameters >= FEWEST_PARAMETERS;
  return {
    jobs,
    batch: asked.batch ?? (gains ? Math.max(1, Math.min(LARGEST_BATCH, fitting)) : 1),
    threads: threadsOf(batches, jobs, cores),
  };
}

/** Threads wait for each other by spinning, so more of them than cores would take the cores from each other. */
function threadsOf(batches: boolean, jobs: number, cores: number): number | null {
  if (!batches) return 1;
  return jobs === 1 ? null : Math.max(1, Math.floor(cores / jobs));
}

/**
 * Returns the bytes of a dialogue's keys and values in f32 once its context is full.
 * @param contextLength default: that of a session
 */
export function cacheBytes(blueprint: Blueprint, contextLength = defaultContextLength(blueprint)): number {
  return kvBytesPerToken(blueprint) * contextLength;
}

/** Returns the sizes of a model whose dialogues fill its context. */
export function modelSize(blueprint: Blueprint): ModelSize {
  return { parameters: parameterCount(blueprint), dialogueBytes: cacheBytes(blueprint) };
}

function thisMachine(): Machine {
  return { cores: availableParallelism(), freeBytes: availableMemory() };
}
