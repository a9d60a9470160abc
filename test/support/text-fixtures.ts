import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ByteSource, memorySource, openGguf } from '../../src/formats/index.js';
import {
  type CharRange,
  compileTemplate,
  type Message,
  parseMoment,
  type Template,
  tokenizerFromJson,
} from '../../src/text/index.js';

/** The golden models under test/fixtures, and the real model, which is not part of the repository. */
const root = fileURLToPath(new URL('../../', import.meta.url));
export const MODELS = ['llama', 'qwen2', 'qwen3', 'gemma3', 'mistral'] as const;
export type ModelName = (typeof MODELS)[number];

export const SMOLLM = `${root}../shared/models/smollm2-135m-instruct`;
export const SMOLLM_EXPECTED = `${root}../shared/fixtures/smollm2-135m-instruct/expected.json`;
export const SMOLLM_GGUF = `${SMOLLM}/SmolLM2-135M-Instruct.Q4_1.gguf`;
/** The reason for skipping tests on the real model, or false. */
export const SMOLLM_ABSENT = existsSync(SMOLLM_GGUF) ? false : `${SMOLLM} is not there`;

/** A moment for tests in which time plays no part. */
export const NOW = parseMoment('2026-01-31T09:00:00');

export interface StringCase {
  readonly text: string;
  readonly ids: number[];
  readonly decoded: string;
}
export interface ChatCase {
  readonly messages: Message[];
  readonly add_generation_prompt: boolean;
  readonly text: string;
  readonly ids: number[];
  readonly content_chars: [number, number][];
}

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
/** Returns the path of a file of the repository. */
export const rootFile = (path: string): string => `${root}${path}`;
const modelFile = (model: ModelName, file: string): string => `${root}test/fixtures/models/${model}/${file}`;

export const goldenText = (model: ModelName) =>
  readJson<{ strings: StringCase[]; chats: Record<string, ChatCase> }>(modelFile(model, 'text.json'));

export const fixtureJson = (model: ModelName) =>
  readJson<Record<string, unknown>>(modelFile(model, 'tokenizer.json'));

export const fixtureTokenizer = (model: ModelName) =>
  tokenizerFromJson(fixtureJson(model), readJson(modelFile(model, 'tokenizer_config.json')));

export const fixtureTemplate = (model: ModelName): Template =>
  compileTemplate(readFileSync(modelFile(model, 'chat_template.jinja'), 'utf8'));

export const ggufMetadata = async (path: string) => {
  const source: ByteSource = memorySource(new Uint8Array(readFileSync(path)), path);
  return (await openGguf(source)).metadata;
};
export const fixtureGguf = (file: string) => ggufMetadata(`${root}test/fixtures/gguf/${file}`);

/** Converts ranges in code points, as Python counts, to ranges in UTF-16 units. */
export const asUtf16Ranges = (text: string, pairs: readonly [number, number][]): CharRange[] => {
  const points = [...text];
  const units = (count: number): number => points.slice(0, count).join('').length;
  return pairs.map(([start, end]) => ({ start: units(start), end: units(end) }));
};
