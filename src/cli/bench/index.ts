/**
 * `holdfast bench`: measures how long a token takes and where the time goes.
 */
import type { Command } from 'commander';
import type { Profile } from '../../executors/index.js';
import type { LoadedModel } from '../../load.js';
import { textTable } from '../../report/index.js';
import { median } from '../../statistics/index.js';
import {
  addModelArgument,
  addModelOptions,
  type ModelOptions,
  modelPath,
  openWithOptions,
  positiveInteger,
} from '../options/index.js';
import { type Paint, showLive, stderr, stdout } from '../terminal/index.js';
import {
  BENCH_ARMS,
  type BenchFigures,
  type BenchOptions,
  type BenchProfiles,
  type OnStep,
  profileBench,
  runBench,
} from './run.js';

interface BenchFlags extends ModelOptions, BenchOptions {
  readonly profile?: true;
  readonly json?: true;
}

interface BenchReport extends BenchOptions {
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  readonly figures: BenchFigures;
  /** Null unless `--profile` was given. */
  readonly profiles: BenchProfiles | null;
}

/** Adds the arguments and options of `holdfast bench`. */
export function addBench(command: Command): void {
  addModelOptions(addModelArgument(command))
    .option('--prompt <n>', 'tokens in the prompt', positiveInteger, 256)
    .option('--tokens <n>', 'tokens to decode per round', positiveInteger, 32)
    .option('--rounds <n>', 'rounds to time, after one warm-up round', positiveInteger, 3)
    .option('--profile', 'also time each kernel and compare it with the memory bandwidth (gpu only)')
    .option('--json', 'write all timings as JSON')
    .action(async (named: string | undefined, flags: BenchFlags) => {
      const model = await openWithOptions(await modelPath(named), flags);
      let step = 'warming up';
      const live = showLive(stderr, () => step);
      const onStep: OnStep = (next) => {
        step = next;
      };
      try {
        const report = await bench(model, flags, onStep).finally(() => live.end());
        stdout.lines(flags.json ? [JSON.stringify(report)] : reportLines(report, stdout.paint));
      } finally {
        await model.dispose();
      }
    });
}

async function bench(
  { name, executor }: LoadedModel,
  { prompt, tokens, rounds, profile }: BenchFlags,
  onStep: OnStep,
): Promise<BenchReport> {
  const options = { prompt, tokens, rounds };
  // Profile first: an executor that cannot profile then fails at once, not after minutes of timing.
  const profiles = profile ? await profileBench(executor, options, onStep) : null;
  const figures = await runBench(executor, options, onStep);
  return {
    model: name,
    executor: executor.name,
    precision: executor.precision,
    ...options,
    figures,
    profiles,
  };
}

function reportLines(report: BenchReport, paint: Paint): string[] {
  const { model, executor, precision, prompt, rounds, figures, profiles } = report;
  const prefill = median(figures.prefillMs);
  const off = median(figures.decodeMs.off);
  const rows = BENCH_ARMS.map((arm) => {
    const ms = median(figures.decodeMs[arm]);
    return [arm, ms.toFixed(2), (1000 / ms).toFixed(1), `${(ms / off).toFixed(2)} × off`];
  });
  return [
    paint(`${model} on ${executor}, ${precision}; medians, each up to the greedy next token`, 'bold'),
    `prompt of ${prompt} tokens: ${prefill.toFixed(0)} ms, ${((1000 * prompt) / prefill).toFixed(0)} tokens/s`,
    '',
    ...textTable({ heading: ['a token', 'ms', 'tokens/s', ''], rows }),
    ...(profiles === null
      ? []
      : [
          ...profileLines('kernels of the prefill', profiles.prefill, paint),
          ...profileLines('kernels of one decoded token', profiles.decode, paint),
          '',
          `Medians of ${rounds} rounds after one warm-up round. MB: weights and cache, counting each byte once per run, so the least`,
          'that is read. GB/s and the share of the memory bandwidth follow from it.',
        ]),
  ];
}

function profileLines(what: string, { kernels, bandwidth }: Profile, paint: Paint): string[] {
  const whole = kernels.reduce((sum, { ms }) => sum + ms, 0);
  const rows = kernels.map(({ kernel, dispatches, ms, bytes }) => {
    const rate = bytes / (ms / 1000);
    return [
      kernel,
      String(dispatches),
      ms.toFixed(3),
      `${((100 * ms) / whole).toFixed(0)} %`,
      bytes === 0 ? '' : (bytes / 1e6).toFixed(1),
      bytes === 0 ? '' : (rate / 1e9).toFixed(1),
      bytes === 0 ? '' : `${((100 * rate) / bandwidth).toFixed(0)} %`,
    ];
  });
  return [
    '',
    paint(`${what}: ${whole.toFixed(2)} ms; memory bandwidth ${(bandwidth / 1e9).toFixed(1)} GB/s`, 'bold'),
    ...textTable({ heading: ['kernel', 'runs', 'ms', 'of total', 'MB', 'GB/s', 'of bandwidth'], rows }),
  ];
}
