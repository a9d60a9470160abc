import { type Command, Option } from 'commander';
import { PRECISIONS, parsePrecision } from '../../executors/index.js';
import { EXECUTORS, type ExecutorName, type LoadedModel, loadModel } from '../../load.js';
import { type ChatFormat, chatFormat, type Tokenizer } from '../../text/index.js';
import { positiveInteger } from './arguments.js';
import { noTokenizer } from './no-tokenizer.js';

/** How a model is to be run, as commands that run one take it. */
export interface ModelOptions {
  readonly executor?: ExecutorName | 'auto';
  readonly precision?: string;
  readonly threads?: number;
}

export function addModelOptions(command: Command): Command {
  return command
    .addOption(new Option('--executor <name>', 'what runs the model (cpu)').choices([...EXECUTORS, 'auto']))
    .option('--precision <p>', `how the cpu and gpu executors hold weights: ${PRECISIONS.join(', ')} (auto)`)
    .option('--threads <n>', 'threads of the cpu executor (all)', positiveInteger);
}

/** @throws HoldfastError what loading throws */
export async function openWithOptions(path: string, options: ModelOptions): Promise<LoadedModel> {
  const { executor, precision, threads } = options;
  return loadModel(path, {
    ...(executor === undefined ? {} : { executor }),
    ...(precision === undefined ? {} : { precision: parsePrecision(precision) }),
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
  const tokenizer = requireTokenizer(model);
  return model.format ?? chatFormat({ tokenizer, template: null, templateName: model.name });
}
