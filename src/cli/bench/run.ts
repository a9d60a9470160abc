import type { TokenRange } from '../../attention/index.js';
import { checkSampling, createSampler, headGrid } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import type { Executor, ForwardRequest, Profile, Sequence } from '../../executors/index.js';
import { quantile } from '../../statistics/index.js';

/** What a token costs when nothing is asked for, when shares are measured, and when they are changed as well. */
export type BenchArm = 'off' | 'measured' | 'split-softmax';
export const BENCH_ARMS: readonly BenchArm[] = ['off', 'measured', 'split-softmax'];

export interface BenchOptions {
  /** Tokens of the prompt. */
  readonly prompt: number;
  /** Tokens decoded after it, in every round. */
  readonly tokens: number;
  readonly rounds: number;
}

/** Hears what is about to be timed. */
export type OnStep = (step: string) => void;

export interface BenchFigures {
  /** Milliseconds to take in the prompt, of each round. */
  readonly prefillMs: readonly number[];
  /** Milliseconds of every decoded token of all rounds. */
  readonly decodeMs: Readonly<Record<BenchArm, readonly number[]>>;
}

/** One profile for the prompt, one for the token after it, both measured and changed; times are medians of all rounds. */
export interface BenchProfiles {
  readonly prefill: Profile;
  readonly decode: Profile;
}

/** A dialogue's spans: a part that is the target, and messages of fifty tokens. */
const TARGET: TokenRange = { start: 0, end: 32 };
const MESSAGE = 50;
const K = 0.5;

/** What a greedy chat asks for, so that what is timed ends where a chat's step does: with the next token. */
const GREEDY = createSampler(checkSampling({ temperature: 0 })).wanted!;

/**
 * Times an executor. The arms take turns, so that what else the machine does meets all of them; a first round of all of
 * it is not counted.
 */
export async function runBench(
  executor: Executor,
  options: BenchOptions,
  onStep: OnStep,
): Promise<BenchFigures> {
  const { prompt, tokens, rounds } = options;
  const ids = benchIds(executor, options);
  const prefillMs: number[] = [];
  const decodeMs: Record<BenchArm, number[]> = { off: [], measured: [], 'split-softmax': [] };
  const sequence = executor.open(ids.length);
  try {
    for (let round = 0; round <= rounds; round++) {
      sequence.truncate(0);
      onStep(`${roundName(round, rounds)}: the prompt`);
      const sinceMs = performance.now();
      await executor.forward([{ sequence, tokens: ids.slice(0, prompt), logits: GREEDY }]);
      if (round > 0) prefillMs.push(performance.now() - sinceMs);
      for (const arm of BENCH_ARMS) {
        sequence.truncate(prompt);
        onStep(`${roundName(round, rounds)}: ${tokens} tokens, ${arm}`);
        for (let at = prompt; at < prompt + tokens; at++) {
          const sinceMs = performance.now();
          await executor.forward([requestOf(executor, sequence, arm, [ids[at]!])]);
          if (round > 0) decodeMs[arm].push(performance.now() - sinceMs);
        }
      }
    }
    return { prefillMs, decodeMs };
  } finally {
    sequence.dispose();
  }
}

/**
 * Profiles the prompt and a token in every round; a first round, in which a device warms up, is not counted.
 * @throws HoldfastError `E_USAGE` when the executor cannot time its kernels
 */
export async function profileBench(
  executor: Executor,
  options: BenchOptions,
  onStep: OnStep,
): Promise<BenchProfiles> {
  if (executor.profile === undefined) {
    throw new HoldfastError('E_USAGE', `the ${executor.name} executor does not time its kernels`, {
      field: '--profile',
      hint: 'Only gpu does: --executor gpu --profile',
    });
  }
  const ids = benchIds(executor, options);
  const sequence = executor.open(ids.length);
  const profiled = (tokens: readonly number[]): Promise<Profile> =>
    executor.profile!(requestOf(executor, sequence, 'split-softmax', tokens));
  const prefill: Profile[] = [];
  const decode: Profile[] = [];
  try {
    for (let round = 0; round <= options.rounds; round++) {
      sequence.truncate(0);
      onStep(`${roundName(round, options.rounds)}: each kernel`);
      const whole = await profiled(ids.slice(0, options.prompt));
      const single = await profiled(ids.slice(options.prompt, options.prompt + 1));
      if (round === 0) continue;
      prefill.push(whole);
      decode.push(single);
    }
    return { prefill: medianProfile(prefill), decode: medianProfile(decode) };
  } finally {
    sequence.dispose();
  }
}

const roundName = (round: number, rounds: number): string =>
  round === 0 ? 'warming up' : `round ${round} of ${rounds}`;

/** Of profiles of the same request, which runs the same kernels. */
function medianProfile(samples: readonly Profile[]): Profile {
  const [first] = samples;
  const kernels = first!.kernels.map((kernel, index) => ({
    ...kernel,
    ms: median(samples.map(({ kernels }) => kernels[index]!.ms)),
  }));
  return { ...first!, kernels };
}

export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/** @throws HoldfastError `E_USAGE` when there is no room for so many */
function benchIds({ blueprint }: Executor, { prompt, tokens }: BenchOptions): number[] {
  const { vocabSize, contextLength } = blueprint;
  if (prompt + tokens > contextLength) {
    throw new HoldfastError(
      'E_USAGE',
      `the model takes ${contextLength} tokens, not ${prompt} and ${tokens}`,
      { field: '--prompt' },
    );
  }
  // Any tokens take as long as any others; a row that is no constant, so that heads have something to tell apart.
  return Array.from({ length: prompt + tokens }, (_, index) => (index * 7919 + 13) % vocabSize);
}

function requestOf(
  { blueprint }: Executor,
  sequence: Sequence,
  arm: BenchArm,
  tokens: readonly number[],
): ForwardRequest {
  const request = { sequence, tokens, logits: GREEDY };
  if (arm === 'off') return request;
  const spans = spansUpTo(sequence.length + tokens.length);
  if (arm === 'measured') return { ...request, spans };
  const { layers, heads } = headGrid(blueprint);
  const strength = new Float32Array(layers * heads).fill(K);
  return { ...request, spans, intervention: { target: [TARGET], policy: 'split-softmax', strength } };
}

function spansUpTo(tokens: number): TokenRange[] {
  const spans: TokenRange[] = [];
  for (let start = 0; start < tokens; start = spans.at(-1)!.end) {
    spans.push({ start, end: start === 0 ? TARGET.end : start + MESSAGE });
  }
  return spans;
}
