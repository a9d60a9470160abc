import { HoldfastError } from '../errors.js';
import { firstParts, quantisationOf, splitParts } from './gguf-names.js';
import { INDEX, SAFETENSORS } from './model-folder.js';
import { type HubName, hubNameText } from './model-name.js';
import { SIDE_FILES } from './side-files.js';

/** The files of a repository that make up the named model. */
export type Needed =
  | {
      readonly kind: 'folder';
      /** `model.safetensors` or the index of its shards. */
      readonly weights: string;
      /** Files beside the weights that the repository has. */
      readonly side: readonly string[];
    }
  /** A GGUF file, or its parts. It needs no other files. */
  | { readonly kind: 'gguf'; readonly parts: readonly string[] };

/** GGUF files that are not language models: image projectors and importance matrices. */
const NO_MODEL = /(^|\/)(mmproj|imatrix)[^/]*$|[-._]imatrix\.gguf$/i;

/**
 * Returns the files of a repository that a model needs: safetensors and the files beside them; or a GGUF, if one was
 * named or the repository has nothing else. Never a pickle.
 * @param paths all files of the repository
 * @throws HoldfastError `E_HUB` if the repository has no such model, or several to choose from
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
        : `Look for the model as safetensors or GGUF: opening ${pickled} could run code, so it is not supported`,
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
    throw fail(name, `${found.length} of its files match: ${found.join(', ')}`, {
      hint: 'Give the URL of the page of one of them',
    });
  }
  const there = models.length === 0 ? 'it has no GGUF files' : `it has ${listOf(models)}`;
  throw fail(name, `there is no such GGUF: ${there}`, { hint: 'Name one that it has' });
}

const ggufModels = (paths: readonly string[]): string[] =>
  firstParts(paths.filter((path) => /\.gguf$/i.test(path) && !NO_MODEL.test(path)).sort());

function wholeGguf(paths: readonly string[], path: string, name: HubName): Needed {
  const parts = splitParts(path) ?? [path];
  const missing = parts.find((part) => !paths.includes(part));
  if (missing === undefined) return { kind: 'gguf', parts };
  throw fail(name, `${missing}, one of the model's ${parts.length} parts, is missing`, {
    hint: 'Name another quantisation',
  });
}

/** Lists the quantisations of files, and the paths of files without one. */
const listOf = (models: readonly string[]): string =>
  [...new Set(models.map((path) => quantisationOf(path) ?? path))].join(', ');

function fail(name: HubName, what: string, details: { readonly hint: string }): HoldfastError {
  return new HoldfastError('E_HUB', what, { file: hubNameText(name), ...details });
}
