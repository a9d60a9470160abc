import { join } from 'node:path';
import type { z } from 'zod';
import { HoldfastError } from '../errors.js';
import { packageFile } from '../package.js';
import { materialError } from './complaint.js';
import { judgeAnswer } from './judge.js';
import { namesIn, readText } from './open.js';
import {
  dialoguesSchema,
  type HeldOutDialogue,
  type HeldOutText,
  openersSchema,
  type Prompt,
  promptsSchema,
  type Script,
  scriptSchema,
  textsSchema,
} from './schema.js';
import { type FromYaml, parseYaml } from './yaml-file.js';

/** What studies talk about. Parts that a folder leaves out are empty. */
export interface Material {
  /** In the order of their files' names, and in these as they stand. */
  readonly prompts: readonly Prompt[];
  /** First lines of a dialogue. */
  readonly openers: readonly string[];
  readonly scripts: ReadonlyMap<string, Script>;
  readonly texts: readonly HeldOutText[];
  readonly dialogues: readonly HeldOutDialogue[];
}

/** The folder of the material that comes with Holdfast. */
export const BUNDLED_MATERIAL = packageFile('experiments/material');

/** Judges' scores for answers that are there to show what a judge means. */
const GOOD = 0.99;
const BAD = 0.5;

/** Names that a choice of material can say. */
export interface MaterialNames {
  readonly scripts: readonly string[];
  /** Groups of prompts. */
  readonly groups: readonly string[];
}

/**
 * The scripts and groups of a folder of material by its files' names, nothing of which is read; null where there is none.
 * @throws HoldfastError `E_UNREADABLE`
 */
export function materialNames(folder: string = BUNDLED_MATERIAL): MaterialNames | null {
  if (namesIn(folder) === null) return null;
  const namesOf = (part: string): string[] => yamlFiles(join(folder, part)).map(({ name }) => name);
  return { scripts: namesOf('scripts'), groups: namesOf('prompts') };
}

/**
 * Reads a folder of material: `prompts/GROUP.yaml`, `openers.yaml`, `scripts/NAME.yaml`, `texts.yaml`, `dialogues.yaml`,
 * each of which may be missing. Every prompt's judge is tried on the prompt's own good, bad and given answers.
 * @throws HoldfastError `E_NOT_FOUND` where there is no folder, `E_UNREADABLE`, `E_MATERIAL` naming file, line and field
 */
export function loadMaterial(folder: string = BUNDLED_MATERIAL): Material {
  const names = namesIn(folder);
  if (names === null)
    throw new HoldfastError('E_NOT_FOUND', 'there is no folder of material', { file: folder });
  const part = <Schema extends z.ZodType>(name: string, schema: Schema): FromYaml<z.infer<Schema>> | null =>
    names.includes(name) ? parseYaml(readText(join(folder, name)), join(folder, name), schema) : null;
  const texts = part('texts.yaml', textsSchema);
  const dialogues = part('dialogues.yaml', dialoguesSchema);
  for (const list of [texts, dialogues]) if (list !== null) refuseTwins([list]);
  return {
    prompts: loadPrompts(join(folder, 'prompts')),
    openers: part('openers.yaml', openersSchema)?.value ?? [],
    scripts: new Map(
      yamlFiles(join(folder, 'scripts')).map(({ name, file }) => {
        const { value } = parseYaml(readText(file), file, scriptSchema);
        return [name, { name, ...value }];
      }),
    ),
    texts: texts?.value ?? [],
    dialogues: dialogues?.value ?? [],
  };
}

function loadPrompts(folder: string): Prompt[] {
  const groups = yamlFiles(folder).map(({ name, file }) => ({
    name,
    list: parseYaml(readText(file), file, promptsSchema),
  }));
  refuseTwins(groups.map(({ list }) => list));
  for (const { list } of groups) tryJudges(list);
  return groups.flatMap(({ name, list }) => list.value.map((prompt) => ({ ...prompt, group: name })));
}

/** Files of YAML in a folder, by their names without the ending. */
function yamlFiles(folder: string): { readonly name: string; readonly file: string }[] {
  return (namesIn(folder) ?? [])
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({ name: name.slice(0, -'.yaml'.length), file: join(folder, name) }));
}

/** No two entries of the lists may have one id. */
function refuseTwins(lists: readonly FromYaml<readonly { readonly id: string }[]>[]): void {
  const seen = new Set<string>();
  for (const { value, placeOf } of lists) {
    for (const [index, { id }] of value.entries()) {
      if (seen.has(id)) throw materialError(`the id ${id} is there twice`, placeOf([index, 'id']));
      seen.add(id);
    }
  }
}

function tryJudges({ value, placeOf }: FromYaml<z.infer<typeof promptsSchema>>): void {
  for (const [index, { judge, good, bad, given }] of value.entries()) {
    const shouldObey = [
      ...good.map((answer, at) => ({ answer, path: ['good', at] })),
      ...given.map(({ assistant }, at) => ({ answer: assistant, path: ['given', at, 'assistant'] })),
    ];
    for (const { answer, path } of shouldObey) {
      const score = judgeAnswer(judge, answer);
      if (score < GOOD) throw misjudged(score, `at least ${GOOD}`, placeOf([index, ...path]));
    }
    for (const [at, answer] of bad.entries()) {
      const score = judgeAnswer(judge, answer);
      if (score > BAD) throw misjudged(score, `at most ${BAD}`, placeOf([index, 'bad', at]));
    }
  }
}

const misjudged = (
  score: number,
  due: string,
  place: ReturnType<FromYaml<unknown>['placeOf']>,
): HoldfastError =>
  materialError(
    `the judge scores this answer ${score}, it should be ${due}`,
    place,
    'Mend the answer or the judge',
  );
