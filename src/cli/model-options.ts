import { type Command, Option } from 'commander';
import { HoldfastError } from '../errors.js';
import { PRECISIONS, parsePrecision } from '../executors/cpu/precision.js';
import type { ExecutorName, LoadedModel } from '../load.js';
import { type ChatFormat, chatFormat, type Tokenizer } from '../text/index.js';
import { positiveInteger } from './arguments.js';
import { noTokenizer } from './no-tokenizer.js';

/** How a model is to be run, as commands that run one take it. */
export interface ModelOptions {
  readonly executor?: ExecutorName;
  readonly precision?: string;
  readonly threads?: number;
}

const EXECUTOR_NAMES: readonly ExecutorName[] = ['cpu', 'reference'];

export function addModelOptions(command: Command): Command {
  return command
    .addOption(new Option('--executor <name>', 'what runs the model (cpu)').choices(EXECUTOR_NAMES))
    .option('--precision <p>', `how the cpu executor holds weights: ${PRECISIONS.join(', ')} (auto)`)
    .option('--threads <n>', 'threads of the cpu executor (all)', positiveInteger);
}

/** @throws HoldfastError `E_USAGE` for an option that the executor does not read, and what loading throws */
export async function openWithOptions(path: string, options: ModelOptions): Promise<LoadedModel> {
  const { executor, precision, threads } = options;
  if (executor === 'reference' && (precision !== undefined || threads !== undefined)) {
    throw new HoldfastError('E_USAGE', '--precision and --threads are about the cpu executor');
  }
  const parsed = precision === undefined ? {} : { precision: parsePrecision(precision) };
  // Loaded here, because it loads native code that other commands do without.
  const { loadModel } = await import('../load.js');
  return loadModel(path, {
    ...parsed,
    ...(executor === undefined ? {} : { executor }),
    ...(threads === undefined ? {} : { threads }),
  });
}

/** @throws HoldfastError `E_TOKENIZER` when the model has none */
export function requireTokenizer({ name, tokenizer }: LoadedModel): Tokenizer {
  if (tokenizer === null) throw noTokenizer(name);
  return tokenizer;
}

/** @throws HoldfastError `E_TOKENIZER` or `E_TEMPLATE` when the model lacks what a dialogue needs */
export function requireFormat(model: LoadedModel): ChatFormat {
  return model.format ?? chatFormat({ tokenizer: requireTokenizer(model), template: null });
}
