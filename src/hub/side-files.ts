import { HoldfastError } from '../errors.js';
import { whyNoJson } from '../formats/index.js';

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

const CONFIG = 'config.json';
const GENERATION_CONFIG = 'generation_config.json';
const TOKENIZER = 'tokenizer.json';
const TOKENIZER_CONFIG = 'tokenizer_config.json';
const TEMPLATE = 'chat_template.jinja';

/** All that is read of what lies beside the weights. */
export const SIDE_FILES = [CONFIG, GENERATION_CONFIG, TOKENIZER, TOKENIZER_CONFIG, TEMPLATE];

/**
 * Reads what lies beside the weights.
 * @param read the text of a file of that name; undefined when there is none
 * @param nameOf how errors name a file
 * @throws HoldfastError `E_UNREADABLE` for a file that is not JSON, with the place; what `read` throws
 */
export async function readSideFiles(
  read: (name: string) => Promise<string | undefined>,
  nameOf: (name: string) => string,
): Promise<SideFiles> {
  const readJson = async (name: string): Promise<unknown> => {
    const text = await read(name);
    return text === undefined ? undefined : parseJson(text, nameOf(name));
  };
  const [config, tokenizer, tokenizerConfig, generationConfig, templateFile] = await Promise.all([
    readJson(CONFIG),
    readJson(TOKENIZER),
    readJson(TOKENIZER_CONFIG),
    readJson(GENERATION_CONFIG),
    read(TEMPLATE),
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

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError('E_UNREADABLE', `the file is not JSON: ${whyNoJson(text, cause)}`, {
      file,
      cause,
    });
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
