import { type Command, Option } from 'commander';
import { type ExecutorOptions, PRECISIONS, parsePrecision } from '../../executors/index.js';
import { takesOption } from '../../executors/registry.js';
import { EXECUTORS, type ExecutorName, type LoadedModel, loadModel } from '../../load.js';
import { findTemplate } from '../../model-text.js';
import { type ChatFormat, chatFormat, type Tokenizer } from '../../text/index.js';
import { printNames } from '../terminal/index.js';
import { positiveInteger } from './arguments.js';
import { noTokenizer } from './no-tokenizer.js';

/** Flags of the commands that run a model. */
export interface ModelOptions {
  readonly executor?: ExecutorName | 'auto';
  readonly precision?: string;
  readonly threads?: number;
}

/** Adds the flags of {@link ModelOptions} to a command. */
export function addModelOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--executor <name>',
        `executor that runs the model: ${[...EXECUTORS, 'auto'].join(', ')} (default: cpu)`,
      ).choices([...EXECUTORS, 'auto']),
    )
    .option(
      '--precision <p>',
      `precision of the weights in ${takers('precision')}: ${PRECISIONS.join(', ')} (default: auto; f32 for shares to 1e-4)`,
    )
    .option('--threads <n>', `threads of ${takers('threads')} (default: all)`, positiveInteger);
}

/** Names the executors that take an option. */
const takers = (option: keyof ExecutorOptions): string =>
  `the ${printNames(EXECUTORS.filter((name) => takesOption(name, option)))} executors`;

/**
 * Loads the model at `path` with the executor, precision and threads that the flags give.
 * @param batchInvariant whether results must not depend on what runs at the same time
 * @throws HoldfastError what loading throws
 */
export async function openWithOptions(
  path: string,
  options: ModelOptions,
  batchInvariant = false,
): Promise<LoadedModel> {
  const { executor, precision, threads } = options;
  return loadModel(path, {
    ...(executor === undefined ? {} : { executor }),
    ...(precision === undefined ? {} : { precision: parsePrecision(precision) }),
    ...(threads === undefined ? {} : { threads }),
    batchInvariant,
  });
}

/**
 * Returns the model's tokenizer.
 * @throws HoldfastError `E_TOKENIZER` when it has none
 */
export function requireTokenizer({ name, tokenizer }: LoadedModel): Tokenizer {
  if (tokenizer === null) throw noTokenizer(name);
  return tokenizer;
}

/**
 * Returns the model's chat format.
 * @throws HoldfastError `E_TOKENIZER` when it has no tokenizer, `E_TEMPLATE` when it has no chat template
 */
export function requireFormat(model: LoadedModel): ChatFormat {
  const tokenizer = requireTokenizer(model);
  return model.format ?? chatFormat({ tokenizer, ...findTemplate(model.files) });
}
