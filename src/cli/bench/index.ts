/**
 * `holdfast bench`: how long a token takes, and where the time goes.
 */
import type { Command } from 'commander';
import type { Profile } from '../../executors/index.js';
import type { LoadedModel } from '../../load.js';
import { type Table, textTable } from '../../report/index.js';
import {
  addModelArgument,
  addModelOptions,
  type ModelOptions,
  modelPath,
  openWithOptions,
  positiveInteger,
} from '../options/index.js';
import { drawOver, type Paint, painter } from '../terminal/index.js';
import {
  BENCH_ARMS,
  type BenchFigures,
  type BenchOptions,
  type BenchProfiles,
  median,
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
  /** Null when it was not asked for. */
  readonly profiles: BenchProfiles | null;
}

export function registerBench(program: Command): void {
  const command = program
    .command('bench')
    .description(
      'time a model here: reading a prompt, and a token with attention untouched, measured and changed',
    );
  addModelOptions(addModelArgument(command))
    .option('--prompt <n>', 'tokens of the prompt', positiveInteger, 256)
    .option('--tokens <n>', 'tokens decoded after it, each round', positiveInteger, 32)
    .option('--rounds <n>', 'rounds, after one that is not counted', positiveInteger, 3)
    .option('--profile', 'also time each kernel, against the bandwidth of the memory (gpu only)')
    .option('--json', 'write every figure as JSON')
    .action(async (named: string | undefined, flags: BenchFlags) => {
      const model = await openWithOptions(await modelPath(named), flags);
      const onStep = progress(process.stderr);
      try {
        const report = await bench(model, flags, onStep).finally(() => onStep(''));
        process.stdout.write(
          flags.json ? `${JSON.stringify(report)}\n` : print(report, painter(process.stdout)),
        );
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
  // What cannot be profiled is to say so before it has run for minutes.
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

/** One line that is written over, where somebody waits: on a slow device this takes minutes. */
const progress =
  (stream: NodeJS.WriteStream): OnStep =>
  (step) => {
    if (stream.isTTY) drawOver(stream, step);
  };

function print(report: BenchReport, paint: Paint): string {
  const { model, executor, precision, prompt, rounds, figures, profiles } = report;
  const prefill = median(figures.prefillMs);
  const off = median(figures.decodeMs.off);
  const rows = BENCH_ARMS.map((arm) => {
    const ms = median(figures.decodeMs[arm]);
    return [arm, ms.toFixed(2), (1000 / ms).toFixed(1), `${(ms / off).toFixed(2)} × off`];
  });
  return [
    paint(`${model} on ${executor}, ${precision}; medians, each to the greedy next token`, 'bold'),
    `prompt of ${prompt} tokens: ${prefill.toFixed(0)} ms, ${((1000 * prompt) / prefill).toFixed(0)} tokens/s`,
    '',
    ...lines({ heading: ['a token', 'ms', 'tokens/s', ''], rows }),
    ...(profiles === null
      ? []
      : [
          ...profileLines('kernels of the prompt', profiles.prefill, paint),
          ...profileLines('kernels of a token after it', profiles.decode, paint),
          '',
          `Medians of ${rounds} after one that is not counted. MB: weights and cache, each byte once a run, the least that memory gives;`,
          'GB/s and the share of memory follow from it.',
        ]),
    '',
  ].join('\n');
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
    paint(`${what}: ${whole.toFixed(2)} ms; memory read at ${(bandwidth / 1e9).toFixed(1)} GB/s`, 'bold'),
    ...lines({ heading: ['kernel', 'runs', 'ms', 'of all', 'MB', 'GB/s', 'of memory'], rows }),
  ];
}

/** A table whose last cells may be empty. */
const lines = (table: Table): string[] => textTable(table).map((line) => line.trimEnd());
