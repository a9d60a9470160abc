import { HoldfastError } from '../errors.js';
import { parseJson, refusePointerText } from '../formats/index.js';

/** The files beside the weights in a model's folder. A field is absent if its file is. */
export interface SideFiles {
  /** config.json */
  readonly config?: unknown;
  /** tokenizer.json */
  readonly tokenizer?: unknown;
  /** tokenizer_config.json */
  readonly tokenizerConfig?: unknown;
  /** chat_template.jinja, else the default template of tokenizer_config.json. */
  readonly chatTemplate?: {
    readonly source: string;
    /** Name of the file that has the template. */
    readonly file: string;
  };
  /** generation_config.json */
  readonly generationConfig?: unknown;
  /** The path or URL where a chat_template.jinja is looked for. */
  readonly templatePath: string;
}

const CONFIG = 'config.json';
const GENERATION_CONFIG = 'generation_config.json';
const TOKENIZER = 'tokenizer.json';
const TOKENIZER_CONFIG = 'tokenizer_config.json';
const TEMPLATE = 'chat_template.jinja';

/** Names of the files that are read beside the weights. */
export const SIDE_FILES = [CONFIG, GENERATION_CONFIG, TOKENIZER, TOKENIZER_CONFIG, TEMPLATE];

/**
 * Returns the names of the files to read beside a GGUF that was given by its path: only those that hold what it lacks.
 * Its folder may hold other models and their files.
 */
export function filesFor(gguf: ReadonlyMap<string, unknown>): readonly string[] {
  return [
    ...(gguf.has('tokenizer.ggml.model') ? [] : [TOKENIZER, TOKENIZER_CONFIG, GENERATION_CONFIG]),
    ...(gguf.has('tokenizer.chat_template') ? [] : [TEMPLATE]),
  ];
}

/**
 * Reads the files beside the weights.
 * @param read returns the text of the named file; undefined if it does not exist
 * @param nameOf returns the file's path or URL, for errors
 * @throws HoldfastError `E_UNREADABLE` for a Git LFS pointer, and for invalid JSON, with line and column; and what
 * `read` throws
 */
export async function readSideFiles(
  read: (name: string) => Promise<string | undefined>,
  nameOf: (name: string) => string,
): Promise<SideFiles> {
  const readText = async (name: string): Promise<string | undefined> => {
    const text = await read(name);
    if (text !== undefined) refusePointerText(text, nameOf(name));
    return text;
  };
  const readJson = async (name: string): Promise<unknown> => {
    const text = await readText(name);
    return text === undefined ? undefined : parseFile(text, nameOf(name));
  };
  const [config, tokenizer, tokenizerConfig, generationConfig, templateFile] = await Promise.all([
    readJson(CONFIG),
    readJson(TOKENIZER),
    readJson(TOKENIZER_CONFIG),
    readJson(GENERATION_CONFIG),
    readText(TEMPLATE),
  ]);
  const chatTemplate =
    templateFile === undefined ? templateOf(tokenizerConfig) : { source: templateFile, file: TEMPLATE };
  return {
    ...(config === undefined ? {} : { config }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(tokenizerConfig === undefined ? {} : { tokenizerConfig }),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(generationConfig === undefined ? {} : { generationConfig }),
    templatePath: nameOf(TEMPLATE),
  };
}

const parseFile = (text: string, file: string): unknown =>
  parseJson(
    text,
    (why, cause) => new HoldfastError('E_UNREADABLE', `the file is not JSON: ${why}`, { file, cause }),
  );

/** Returns the chat template of a tokenizer_config.json: a string, or the entry named `default` of a list. */
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
