import { existsSync } from 'node:fs';
import { type ModelPlan, planModel } from './architectures/index.js';
import { openDawn } from './dawn.js';
import type { Model } from './engine/index.js';
import { HoldfastError } from './errors.js';
import { type ExecutorOptions, parsePrecision } from './executors/index.js';
import { EXECUTOR_TABLE, EXECUTORS, type ExecutorName, takesOption } from './executors/registry.js';
import { locateModel, type ModelFiles, openModel } from './hub/index.js';
import { lazyText } from './model-text.js';
import { tellNotes } from './notes.js';
import { packageFile } from './package.js';

export { EXECUTORS, type ExecutorName } from './executors/registry.js';

const embedded = (name: string): string => packageFile(`models/organism/${name}`);

/**
 * The folder of the model that comes with the package. It is small and was made to drift from its system prompt, so
 * that the toolkit can be tried without a download. `models/organism/README.md` says what it can do.
 */
export const EMBEDDED_MODEL = embedded('soft');

/** The folders of the embedded model and its sharp twin, by name. */
export const EMBEDDED_MODELS: ReadonlyMap<string, string> = new Map([
  ['organism', EMBEDDED_MODEL],
  ['organism/sharp', embedded('sharp')],
]);

/** Returns whether the sharp twin is here: the npm package does not have it. */
export const hasSharpTwin = (): boolean => existsSync(embedded('sharp'));

/** Options of `loadModel`. */
export interface LoadOptions extends ExecutorOptions {
  /**
   * Default: `cpu`. `onnx` is an ONNX graph. `gpu` needs WebGPU and takes no `threads`. `reference` is slow and exact, and takes no other
   * option. `auto` is `gpu` if there is a hardware GPU, else `cpu`.
   */
  readonly executor?: ExecutorName | 'auto';
}

/**
 * A model loaded from files, with its plan and its files. The tokenizer and the chat format are created on first
 * access, which throws if they are invalid (`E_TOKENIZER`, `E_TEMPLATE`). So a model without a usable tokenizer still
 * runs on token ids.
 */
export interface LoadedModel extends Model {
  readonly plan: ModelPlan;
  readonly files: ModelFiles;
}

/**
 * Loads a model.
 * @param name a folder (safetensors or one GGUF), a `.safetensors` or `.gguf` file, the name of an embedded model, or
 * the name of a model on the hub, which is downloaded if necessary (see `pullModel`)
 * @throws HoldfastError `E_EXECUTOR` for an unknown executor or precision, `E_USAGE` for an option that the executor
 * does not take, and what downloading, opening, planning and the executor throw
 */
export async function loadModel(name: string, options: LoadOptions = {}): Promise<LoadedModel> {
  checkOptions(options);
  const files = await openModel(await modelFile(name));
  try {
    const plan = await planModel(files.checkpoint, files.config);
    tellNotes([...(files.checkpoint.notes ?? []), ...plan.notes]);
    const chosen = options.executor === 'auto' ? await preferred() : (options.executor ?? 'cpu');
    const executor = await EXECUTOR_TABLE[chosen].create(plan, files.checkpoint, options);
    const text = lazyText(files);
    return {
      name,
      plan,
      files,
      executor,
      get tokenizer() {
        return text.tokenizer;
      },
      get format() {
        return text.format;
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

/**
 * Returns the total size of a model's weight files in bytes, without loading them.
 * @param name as in {@link loadModel}
 * @throws HoldfastError what downloading and opening throw
 */
export async function weightBytes(name: string): Promise<number> {
  const files = await openModel(await modelFile(name));
  await files.close();
  return files.fileBytes;
}

/**
 * Returns the path of a model. An existing path takes precedence over names.
 * @throws HoldfastError as `pullModel` does
 */
async function modelFile(name: string): Promise<string> {
  return existsSync(name) ? name : (EMBEDDED_MODELS.get(name) ?? (await locateModel(name)));
}

/** Checks the options before any file is opened. A misspelt one would silently select something else. */
function checkOptions({ executor = 'cpu', precision, threads }: LoadOptions): void {
  if (executor !== 'auto' && !EXECUTORS.includes(executor)) {
    throw new HoldfastError('E_EXECUTOR', `"${executor}" is not an executor`, {
      hint: `Known: ${EXECUTORS.join(', ')}, auto`,
    });
  }
  if (precision !== undefined) parsePrecision(precision);
  const given = { precision, threads };
  const names = ['precision', 'threads'] as const;
  // `auto` takes only options that all executors it may become take.
  const becomes = executor === 'auto' ? AUTO : [executor];
  const ignored = names.filter(
    (name) => given[name] !== undefined && !becomes.every((executor) => takesOption(executor, name)),
  );
  if (ignored.length === 0) return;
  throw new HoldfastError('E_USAGE', `the ${executor} executor takes no ${ignored.join(' and no ')}`, {
    hint: 'Omit the option, or use the cpu executor',
  });
}

/** The executors that `auto` may become. */
const AUTO: readonly ExecutorName[] = ['cpu', 'gpu'];

/** Returns `gpu` if there is a hardware GPU. A software GPU is slower than the cpu executor. */
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
