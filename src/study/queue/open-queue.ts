import { createHash } from 'node:crypto';
import type { Queue, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { HoldfastError, messageOf } from '../../errors.js';
import { howToInstall } from '../../package.js';

/** A job: cells of whole groups, by their addresses. */
export interface QueuedJob {
  readonly cells: readonly string[];
  /** Texts of cells that these depend on: the dialogues that influence is measured on. */
  readonly needed: readonly string[];
  readonly retryFailed: boolean;
}

/** What a worker answers. */
export interface JobAnswer {
  /** Each cell's text and timing; null if the worker has kept them in a folder that it shares with the study. */
  readonly cells: readonly { readonly text: string; readonly timing: unknown }[] | null;
}

/** The queue of a study. */
export interface StudyQueue {
  readonly name: string;
  /** The server, without its password. */
  readonly server: string;
  /** Opens a connection that outlives a restart of the server. */
  connect(): Redis;
  readonly Queue: typeof Queue<QueuedJob, JobAnswer>;
  readonly Worker: typeof Worker<QueuedJob, JobAnswer>;
  readonly WaitingError: typeof WaitingError;
}

/** Workers that a job may lose before it counts as what ends them. */
export const LOST_WORKERS = 5;

/** How long a server that does not answer is waited for, when a command begins. */
const CONNECT_MS = 5000;

/**
 * Loads BullMQ, which is an optional package, and checks that the server answers.
 * @param url such as `redis://host:6379`
 * @param study the study's name, which its queue is named after
 * @throws HoldfastError `E_QUEUE`
 */
export async function openQueue(url: string, study: string): Promise<StudyQueue> {
  const { host, protocol } = new URL(url);
  const server = `${protocol}//${host}`;
  const [{ Queue, WaitingError, Worker }, { Redis }] = await Promise.all([
    imported('bullmq', () => import('bullmq')),
    imported('ioredis', () => import('ioredis')),
  ]);
  const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: CONNECT_MS });
  let heard: Error | null = null;
  probe.on('error', (error: Error) => {
    heard = error;
  });
  try {
    await probe.connect();
    await probe.ping();
  } catch (cause) {
    throw new HoldfastError('E_QUEUE', `Redis does not answer at ${server}: ${messageOf(heard ?? cause)}`, {
      field: '--queue',
      hint: 'Start it, or give the right address: redis://HOST:PORT',
      cause,
    });
  } finally {
    probe.disconnect();
  }
  const hash = createHash('sha256').update(study).digest('hex').slice(0, 8);
  return {
    // A name in BullMQ has no colon.
    name: `holdfast-${study.replace(/[^\w-]+/g, '-').slice(0, 40)}-${hash}`,
    server,
    // Commands wait while the server is away.
    connect: () => new Redis(url, { maxRetriesPerRequest: null }).on('error', () => {}),
    Queue,
    Worker,
    WaitingError,
  };
}

async function imported<T>(name: string, load: () => Promise<T>): Promise<T> {
  return load().catch((cause: unknown) => {
    throw new HoldfastError('E_QUEUE', `${name} cannot be loaded: ${messageOf(cause)}`, {
      hint: `${howToInstall(name)}; a queue needs bullmq and ioredis`,
      cause,
    });
  });
}

/** The Redis key of what workers need besides the specification: the study's moment and its rankings. */
export const offerKey = (name: string): string => `${name}:offer`;

/** What workers need besides the specification. */
export interface Offer {
  readonly now: string;
  /** Texts of the ranking cells. */
  readonly rankings: readonly string[];
}
