import { existsSync } from 'node:fs';
import { type ModelPlan, planModel } from './architectures/index.js';
import { openDawn } from './dawn.js';
import type { Model } from './engine/index.js';
import { HoldfastError } from './errors.js';
import type { CpuOptions } from './executors/cpu/index.js';
import { parsePrecision } from './executors/index.js';
import { EXECUTOR_TABLE, EXECUTORS, type ExecutorName } from './executors/registry.js';
import { locateModel, type ModelFiles, openModel } from './hub/index.js';
import { findFormat, findTokenizer, lazily } from './model-text.js';
import { packageFile } from './package.js';

export { EXECUTORS, type ExecutorName };

const embedded = (name: string): string => packageFile(`models/organism/${name}`);

/**
 * The folder of the model that comes with the package: a small one, made to drift from its system prompt, so that there
 * is something to hold before anything else is fetched. `models/organism/README.md` says what it can do.
 */
export const EMBEDDED_MODEL = embedded('soft');

/** The embedded model and its sharp twin, by the names that stand for their folders. */
export const EMBEDDED_MODELS: ReadonlyMap<string, string> = new Map([
  ['organism', EMBEDDED_MODEL],
  ['organism/sharp', embedded('sharp')],
]);

export interface LoadOptions extends CpuOptions {
  /**
   * `cpu` if not said. `gpu` needs WebGPU, and takes no threads; `reference` is slow, exact, and takes no other option.
   * `auto` is `gpu` where there is one that is no program on the processor, else `cpu`.
   */
  readonly executor?: ExecutorName | 'auto';
}

/**
 * A model loaded from files, with the plan and the files it came from. Its tokenizer and its format are made when they
 * are first read, and reading them throws what is wrong with them (`E_TOKENIZER`, `E_TEMPLATE`): a model whose text
 * cannot be used still runs on ids.
 */
export interface LoadedModel extends Model {
  readonly plan: ModelPlan;
  readonly files: ModelFiles;
}

/**
 * Loads a model: a folder (safetensors or one GGUF), a `.safetensors` or a `.gguf` file; an embedded model by its name,
 * or one of the hub by its name, fetched first if need be (`pullModel` tells how that goes).
 * @throws HoldfastError `E_EXECUTOR` for an executor or precision that is not known, `E_USAGE` for options of another
 * executor, and what fetching, opening, planning and the executor throw
 */
export async function loadModel(name: string, options: LoadOptions = {}): Promise<LoadedModel> {
  checkOptions(options);
  const files = await openModel(await modelFile(name));
  try {
    const plan = await planModel(files.checkpoint, files.config);
    const chosen = options.executor === 'auto' ? await preferred() : (options.executor ?? 'cpu');
    const executor = await EXECUTOR_TABLE[chosen].create(plan, files.checkpoint, options);
    const tokenizer = lazily(() => findTokenizer(files));
    const format = lazily(() => findFormat(tokenizer(), files));
    return {
      name,
      plan,
      files,
      executor,
      get tokenizer() {
        return tokenizer();
      },
      get format() {
        return format();
      },
      hash: () => files.hash(),
      async dispose() {
        await executor.dispose();
        await files.close();
      },
    };
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** The path that a model's name stands for; a file or folder of that name comes first. @throws what `pullModel` throws */
async function modelFile(name: string): Promise<string> {
  return existsSync(name) ? name : (EMBEDDED_MODELS.get(name) ?? (await locateModel(name)));
}

/** What can be said of the options before a file is opened: a misspelt one would run as something else. */
function checkOptions({ executor = 'cpu', precision, threads }: LoadOptions): void {
  if (executor !== 'auto' && !EXECUTORS.includes(executor)) {
    throw new HoldfastError('E_EXECUTOR', `"${executor}" is not an executor`, {
      hint: `Known: ${EXECUTORS.join(', ')}, auto`,
    });
  }
  if (precision !== undefined) parsePrecision(precision);
  const said = { precision, threads };
  const names = ['precision', 'threads'] as const;
  // `auto` takes what every executor that it may become takes.
  const becomes = executor === 'auto' ? AUTO : [executor];
  const ignored = names.filter(
    (name) => said[name] !== undefined && !becomes.every((executor) => takes(executor).includes(name)),
  );
  if (ignored.length === 0) return;
  throw new HoldfastError('E_USAGE', `the ${executor} executor takes no ${ignored.join(' and no ')}`, {
    hint: 'They are about the cpu executor',
  });
}

/** What `auto` may become. */
const AUTO: readonly ExecutorName[] = ['cpu', 'gpu'];

const takes = (name: ExecutorName): readonly (keyof CpuOptions)[] => EXECUTOR_TABLE[name].takes;

/** A GPU where there is a real one: a program that plays one on the processor is slower than the cpu executor. */
async function preferred(): Promise<'gpu' | 'cpu'> {
  try {
    const { describeGpu } = await import('./executors/gpu/index.js');
    const found = await describeGpu(await openDawn());
    return found === null || found.isSoftware ? 'cpu' : 'gpu';
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_EXECUTOR') return 'cpu';
    throw error;
  }
}
