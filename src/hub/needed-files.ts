import { HoldfastError } from '../errors.js';
import { firstParts, quantisationOf, splitParts } from './gguf-names.js';
import { INDEX, SAFETENSORS } from './model-folder.js';
import { type HubName, hubNameText } from './model-name.js';
import { SIDE_FILES } from './side-files.js';

/** Which files of a repository make the model that was named. */
export type Needed =
  | {
      readonly kind: 'folder';
      /** `model.safetensors` or the index of its shards. */
      readonly weights: string;
      /** What lies beside the weights, as far as it is there. */
      readonly side: readonly string[];
    }
  /** A GGUF file, or the parts of one; it stands alone. */
  | { readonly kind: 'gguf'; readonly parts: readonly string[] };

/** GGUF files that are no language model: projectors of images, and what quantising was guided by. */
const NO_MODEL = /(^|\/)(mmproj|imatrix)[^/]*$|[-._]imatrix\.gguf$/i;

/**
 * Finds the files that are needed of a repository: safetensors and what lies beside them, or a GGUF where one was named
 * or there is nothing else. Never a pickle.
 * @param paths all files of the repository
 * @throws HoldfastError `E_HUB` when there is no such model in it, or which one is meant is open
 */
export function neededFiles(paths: readonly string[], name: HubName): Needed {
  if (name.file !== null || name.quantisation !== null) return namedGguf(paths, name);
  const weights = SAFETENSORS.find((file) => paths.includes(file));
  if (weights !== undefined) {
    return { kind: 'folder', weights, side: SIDE_FILES.filter((file) => paths.includes(file)) };
  }
  const models = ggufModels(paths);
  if (models.length === 1) return wholeGguf(paths, models[0]!, name);
  if (models.length > 1) {
    const first = quantisationOf(models[0]!);
    throw fail(name, `the repository has ${models.length} GGUF models: ${listOf(models)}`, {
      hint: `Name one: ${first === null ? `hf:${name.repo}:QUANT` : `${hubNameText({ ...name, quantisation: first })}`}`,
    });
  }
  const pickled = paths.find((path) => /\.(bin|pt|pth|ckpt)$/.test(path));
  throw fail(name, `the repository has no model.safetensors, no ${INDEX} and no .gguf file`, {
    hint:
      pickled === undefined
        ? 'Name the repository of the model itself'
        : `${pickled} can run code when it is opened and is not read: look for the model as safetensors or GGUF`,
  });
}

function namedGguf(paths: readonly string[], name: HubName): Needed {
  const models = ggufModels(paths);
  const wanted = name.quantisation?.toLowerCase();
  const found =
    name.file === null
      ? models.filter((path) => quantisationOf(path)?.toLowerCase() === wanted)
      : firstParts(paths.filter((path) => path === name.file));
  if (found.length === 1) return wholeGguf(paths, found[0]!, name);
  if (found.length > 1) {
    throw fail(name, `${found.length} of its files are that: ${found.join(', ')}`, {
      hint: 'Name one by the address of its page on the hub',
    });
  }
  const there = models.length === 0 ? 'it has no GGUF files' : `it has ${listOf(models)}`;
  throw fail(name, `there is no such GGUF: ${there}`, { hint: 'Name one that is there' });
}

const ggufModels = (paths: readonly string[]): string[] =>
  firstParts(paths.filter((path) => /\.gguf$/i.test(path) && !NO_MODEL.test(path)).sort());

function wholeGguf(paths: readonly string[], path: string, name: HubName): Needed {
  const parts = splitParts(path) ?? [path];
  const missing = parts.find((part) => !paths.includes(part));
  if (missing === undefined) return { kind: 'gguf', parts };
  throw fail(name, `${missing} is missing, one of the ${parts.length} parts of the model`, {
    hint: 'Name another quantisation',
  });
}

/** The quantisations that files have, as they are named; a file without one by its path. */
const listOf = (models: readonly string[]): string =>
  [...new Set(models.map((path) => quantisationOf(path) ?? path))].join(', ');

function fail(name: HubName, what: string, details: { readonly hint: string }): HoldfastError {
  return new HoldfastError('E_HUB', what, { file: hubNameText(name), ...details });
}
