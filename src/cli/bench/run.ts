import type { TokenRange } from '../../attention/index.js';
import { checkSampling, createSampler, headGrid } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import type { Executor, ForwardRequest, Profile, Sequence } from '../../executors/index.js';
import { median } from '../../statistics/index.js';

/** What is timed: plain decoding, decoding with shares measured, and decoding with shares measured and changed. */
export type BenchArm = 'off' | 'measured' | 'split-softmax';
export const BENCH_ARMS: readonly BenchArm[] = ['off', 'measured', 'split-softmax'];

export interface BenchOptions {
  /** Tokens in the prompt. */
  readonly prompt: number;
  /** Tokens decoded after the prompt, per round and arm. */
  readonly tokens: number;
  /** Rounds that are timed, after one warm-up round. */
  readonly rounds: number;
}

/** Called with the name of each step before it is timed. */
export type OnStep = (step: string) => void;

export interface BenchFigures {
  /** Milliseconds of the prefill, one value per round. */
  readonly prefillMs: readonly number[];
  /** Milliseconds of each decoded token, over all rounds. */
  readonly decodeMs: Readonly<Record<BenchArm, readonly number[]>>;
}

/** Profiles of the prefill and of one decoded token under split-softmax. Times are medians over all rounds. */
export interface BenchProfiles {
  readonly prefill: Profile;
  readonly decode: Profile;
}

/** The dialogue's spans: the target first, then messages of fifty tokens. */
const TARGET: TokenRange = { start: 0, end: 32 };
const MESSAGE = 50;
const K = 0.5;

/** The logits request of a greedy chat, so that a timed step ends as a chat's step does: with the next token. */
const GREEDY = createSampler(checkSampling({ temperature: 0 })).wanted!;

/**
 * Times an executor. The arms take turns, so that other load on the machine affects all of them alike. One warm-up
 * round comes first and is not counted.
 * @throws HoldfastError `E_USAGE` when the prompt and the decoded tokens exceed the model's context
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
 * Profiles the prefill and one decoded token in every round. One warm-up round comes first and is not counted.
 * @throws HoldfastError `E_USAGE` when the executor cannot time its kernels, and as {@link runBench}
 */
export async function profileBench(
  executor: Executor,
  options: BenchOptions,
  onStep: OnStep,
): Promise<BenchProfiles> {
  if (executor.profile === undefined) {
    throw new HoldfastError('E_USAGE', `the ${executor.name} executor cannot time its kernels`, {
      field: '--profile',
      hint: 'Use --executor gpu --profile',
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

/** Takes the median time of each kernel. All profiles must be of the same request, which runs the same kernels. */
function medianProfile(samples: readonly Profile[]): Profile {
  const [first] = samples;
  const kernels = first!.kernels.map((kernel, index) => ({
    ...kernel,
    ms: median(samples.map(({ kernels }) => kernels[index]!.ms)),
  }));
  return { ...first!, kernels };
}

/** @throws HoldfastError `E_USAGE` when prompt and decoded tokens exceed the model's context */
function benchIds({ blueprint }: Executor, { prompt, tokens }: BenchOptions): number[] {
  const { vocabSize, contextLength } = blueprint;
  if (prompt + tokens > contextLength) {
    throw new HoldfastError(
      'E_USAGE',
      `${prompt} tokens in the prompt and ${tokens} decoded exceed the model's context of ${contextLength}`,
      { field: '--prompt' },
    );
  }
  // Time does not depend on which tokens these are. They vary so that attention is not uniform.
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
