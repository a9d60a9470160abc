import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError, readError } from '../errors.js';
import { locateJsonError } from '../formats/index.js';

/** What lies beside the weights in a model's folder; each is absent where its file is. */
export interface SideFiles {
  /** config.json */
  readonly config?: unknown;
  /** tokenizer.json */
  readonly tokenizer?: unknown;
  /** tokenizer_config.json */
  readonly tokenizerConfig?: unknown;
  /** chat_template.jinja, else the (default) template of tokenizer_config.json. */
  readonly chatTemplate?: {
    readonly source: string;
    /** The name of the file it is in. */
    readonly file: string;
  };
  /** generation_config.json */
  readonly generationConfig?: unknown;
}

/** Which files of a folder hold its weights. */
export type Weights =
  | { readonly kind: 'safetensors'; readonly file: string }
  | { readonly kind: 'gguf'; readonly file: string }
  | { readonly kind: 'sharded'; readonly index: string };

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const TEMPLATE = 'chat_template.jinja';
const TOKENIZER_CONFIG = 'tokenizer_config.json';

/**
 * Finds the weights of a model's folder. Safetensors win over GGUF when both are there, because they are what
 * the other files of the folder were written with; a single file wins over shards.
 * @throws HoldfastError `E_NOT_FOUND` when there are none, or when several GGUF files leave the choice open.
 */
export async function findWeights(folder: string): Promise<Weights> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw readError(folder, cause);
  }
  if (names.includes(SINGLE)) return { kind: 'safetensors', file: join(folder, SINGLE) };
  if (names.includes(INDEX)) return { kind: 'sharded', index: join(folder, INDEX) };
  const ggufs = names.filter((name) => name.toLowerCase().endsWith('.gguf')).sort();
  if (ggufs.length === 1) return { kind: 'gguf', file: join(folder, ggufs[0]!) };
  if (ggufs.length > 1) {
    throw new HoldfastError(
      'E_NOT_FOUND',
      `the folder holds ${ggufs.length} GGUF files: ${ggufs.join(', ')}`,
      {
        file: folder,
        hint: 'Name the one you want instead of the folder',
      },
    );
  }
  throw new HoldfastError('E_NOT_FOUND', `the folder holds no model: no ${SINGLE}, ${INDEX} or .gguf file`, {
    file: folder,
    hint: 'Name the folder that has config.json and the weights, or a .gguf file',
  });
}

/** Reads the side files of a folder. */
export async function readSideFiles(folder: string): Promise<SideFiles> {
  const [config, tokenizer, tokenizerConfig, generationConfig, templateFile] = await Promise.all([
    readJson(join(folder, 'config.json')),
    readJson(join(folder, 'tokenizer.json')),
    readJson(join(folder, TOKENIZER_CONFIG)),
    readJson(join(folder, 'generation_config.json')),
    readTextIfThere(join(folder, TEMPLATE)),
  ]);
  const chatTemplate =
    templateFile === undefined ? templateOf(tokenizerConfig) : { source: templateFile, file: TEMPLATE };
  return {
    ...(config === undefined ? {} : { config }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(tokenizerConfig === undefined ? {} : { tokenizerConfig }),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(generationConfig === undefined ? {} : { generationConfig }),
  };
}

/** A file's text. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** A file's text; undefined when there is no such file. */
async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readText(path);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_NOT_FOUND') return undefined;
    throw error;
  }
}

async function readJson(path: string): Promise<unknown> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The engine's own message has no position in half of the cases.
    const found = locateJsonError(text);
    const what =
      found === null ? String(cause) : `${found.what} at line ${found.line}, column ${found.column}`;
    throw new HoldfastError('E_UNREADABLE', `the file is not JSON: ${what}`, { file: path, cause });
  }
}

/** The chat template of a tokenizer_config.json: a string, or the entry named `default` of a list. */
function templateOf(tokenizerConfig: unknown): SideFiles['chatTemplate'] {
  const template = member(tokenizerConfig, 'chat_template');
  const source = Array.isArray(template)
    ? member(
        template.find((entry) => member(entry, 'name') === 'default'),
        'template',
      )
    : template;
  return typeof source === 'string' ? { source, file: TOKENIZER_CONFIG } : undefined;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
