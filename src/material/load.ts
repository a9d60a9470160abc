import { join } from 'node:path';
import type { z } from 'zod';
import { HoldfastError } from '../errors.js';
import { foldersOf } from './bundled.js';
import { materialError } from './complaint.js';
import { judgeAnswer } from './judge.js';
import { materialText, namesIn } from './open.js';
import {
  dialoguesSchema,
  type HeldOutDialogue,
  type HeldOutText,
  openersSchema,
  type PromptMaterial,
  type PromptRules,
  promptsSchema,
  rulesSchema,
  type Script,
  scriptSchema,
  textsSchema,
} from './schema.js';
import { type FromYaml, parseYaml } from './yaml-file.js';

/** The material of a study. A part that the folder does not have is empty. */
export interface Material {
  /** Prompts, sorted by file name, then in the order of the file. */
  readonly prompts: readonly PromptMaterial[];
  /** First user messages of a dialogue. */
  readonly openers: readonly string[];
  readonly scripts: ReadonlyMap<string, Script>;
  readonly texts: readonly HeldOutText[];
  readonly dialogues: readonly HeldOutDialogue[];
}

/** Scores that a judge must give to its own examples: at least `GOOD` to good ones, at most `BAD` to bad ones. */
const GOOD = 0.99;
const BAD = 0.5;

/** The names in a folder of material by which a study can select its parts. */
export interface MaterialNames {
  readonly scripts: readonly string[];
  /** Prompt groups. */
  readonly groups: readonly string[];
}

/**
 * Returns the scripts and prompt groups of a folder of material or of bundled material, from its file names alone; null if
 * the folder does not exist.
 * @throws HoldfastError `E_UNREADABLE`
 */
export function materialNames(material?: string): MaterialNames | null {
  const { prompts, others } = foldersOf(material);
  if (others.some((folder) => namesIn(folder) === null)) return null;
  const namesOf = (folders: readonly string[], part: string): string[] => [
    ...new Set(folders.flatMap((folder) => yamlFiles(join(folder, part)).map(({ name }) => name))),
  ];
  return { scripts: namesOf(others, 'scripts'), groups: namesOf(prompts, 'prompts') };
}

/**
 * Reads a folder of material: `prompts/GROUP.yaml`, `openers.yaml`, `scripts/NAME.yaml`, `texts.yaml`, `dialogues.yaml`.
 * Each file is optional. Tests every prompt's judge on the prompt's own good, bad and given answers.
 * @param material a folder, or the name of bundled material; default: `bundled`
 * @throws HoldfastError `E_NOT_FOUND` if the folder does not exist, `E_UNREADABLE`, or `E_MATERIAL` with file, line and
 * field
 */
export function loadMaterial(material?: string): Material {
  const { prompts, others } = foldersOf(material);
  const missing = others.find((folder) => namesIn(folder) === null);
  if (missing !== undefined)
    throw new HoldfastError('E_NOT_FOUND', 'the folder of material does not exist', { file: missing });
  const lists = <Schema extends z.ZodType<readonly unknown[]>>(name: string, schema: Schema) =>
    others
      .filter((folder) => namesIn(folder)?.includes(name))
      .map((folder) => parseYaml(materialText(join(folder, name)), join(folder, name), schema));
  const texts = lists('texts.yaml', textsSchema);
  const dialogues = lists('dialogues.yaml', dialoguesSchema);
  for (const part of [texts, dialogues]) refuseTwins(part);
  return {
    prompts: loadPrompts(prompts.map((folder) => join(folder, 'prompts'))),
    openers: lists('openers.yaml', openersSchema).flatMap(({ value }) => value),
    scripts: new Map(
      others
        .flatMap((folder) => yamlFiles(join(folder, 'scripts')))
        .map(({ name, file }) => {
          const { value } = parseYaml(materialText(file), file, scriptSchema);
          return [name, { name, ...value }];
        }),
    ),
    texts: texts.flatMap(({ value }) => value),
    dialogues: dialogues.flatMap(({ value }) => value),
  };
}

function loadPrompts(folders: readonly string[]): PromptMaterial[] {
  const files = folders.flatMap(yamlFiles).map(({ name, file }) => ({
    name,
    list: parseYaml(materialText(file), file, promptsSchema),
  }));
  refuseTwins(files.map(({ list }) => list));
  for (const { list } of files) tryJudges(list);
  return files.flatMap(({ name, list }) => list.value.map((prompt) => ({ ...prompt, group: name })));
}

/** Returns the YAML files of a folder, with their names without `.yaml`. */
function yamlFiles(folder: string): { readonly name: string; readonly file: string }[] {
  return (namesIn(folder) ?? [])
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({ name: name.slice(0, -'.yaml'.length), file: join(folder, name) }));
}

/** Throws if two entries of the lists have the same id. */
function refuseTwins(lists: readonly FromYaml<readonly { readonly id: string }[]>[]): void {
  const seen = new Set<string>();
  for (const { value, placeOf } of lists) {
    for (const [index, { id }] of value.entries()) {
      if (seen.has(id)) throw materialError(`duplicate id: ${id}`, placeOf([index, 'id']));
      seen.add(id);
    }
  }
}

/**
 * Reads the rules of one prompt: a prompt of material without `id` and `system`. Tests the judge on the file's own answers.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, or `E_MATERIAL` with file, line and field
 */
export function loadRules(file: string): PromptRules {
  const { value, placeOf } = parseYaml(materialText(file), file, rulesSchema);
  tryJudge(value, placeOf);
  return value;
}

function tryJudges({ value, placeOf }: FromYaml<z.infer<typeof promptsSchema>>): void {
  for (const [index, prompt] of value.entries()) tryJudge(prompt, (path) => placeOf([index, ...path]));
}

function tryJudge({ judge, good, bad, given }: PromptRules, placeOf: FromYaml<unknown>['placeOf']): void {
  const shouldObey = [
    ...good.map((answer, at) => ({ answer, path: ['good', at] })),
    ...given.map(({ assistant }, at) => ({ answer: assistant, path: ['given', at, 'assistant'] })),
  ];
  for (const { answer, path } of shouldObey) {
    const score = judgeAnswer(judge, answer);
    if (score < GOOD) throw misjudged(score, `at least ${GOOD}`, placeOf(path));
  }
  for (const [at, answer] of bad.entries()) {
    const score = judgeAnswer(judge, answer);
    if (score > BAD) throw misjudged(score, `at most ${BAD}`, placeOf(['bad', at]));
  }
}

const misjudged = (
  score: number,
  due: string,
  place: ReturnType<FromYaml<unknown>['placeOf']>,
): HoldfastError =>
  materialError(
    `the judge must score this answer ${due}: it scored ${score}`,
    place,
    'Correct the answer or the judge',
  );
