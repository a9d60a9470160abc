import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { planModel } from '../../architectures/index.js';
import type { PromptFacts, PromptStudy } from '../../calibration/index.js';
import { HoldfastError } from '../../errors.js';
import { parsePrecision } from '../../executors/index.js';
import { takesOption } from '../../executors/registry.js';
import { makeFolder, readText } from '../../files/index.js';
import type { StudyResult } from '../../findings/index.js';
import { locateModel, openModel } from '../../hub/index.js';
import { EMBEDDED_MODELS, EXECUTORS, type ExecutorName } from '../../load.js';
import { JUDGE_VERSION, loadRules } from '../../material/index.js';
import { openStudy, type Study } from '../../study/index.js';
import type { Moment } from '../../text/index.js';
import { readVersions } from '../../versions.js';
import {
  addConcurrencyOptions,
  addModelArgument,
  type ConcurrencyFlags,
  type DerivedFile,
  dateTime,
  type ForceFlag,
  fetching,
  isEmbedded,
  modelPath,
  NOW_HELP,
  positiveInteger,
  readSystemFile,
  refuseChanged,
  writeDerived,
} from '../options/index.js';
import { commandName, quoted } from '../terminal/index.js';

/** Flags of both commands. */
export interface PromptFlags extends ConcurrencyFlags, ForceFlag {
  readonly systemFile: string;
  readonly rules?: string;
  readonly rounds: number;
  readonly dialogues: number;
  readonly maxTokens: number;
  readonly executor: ExecutorName;
  readonly precision?: string;
  readonly now?: Moment;
}

/** Adds the flags of {@link PromptFlags} to a command. */
export function addPromptOptions(
  command: Command,
  defaults: { readonly rounds: number; readonly dialogues: number; readonly dialoguesAre: string },
): Command {
  addModelArgument(command)
    .requiredOption('--system-file <file>', 'a file with the system prompt')
    .option(
      '--rules <file>',
      'a YAML file with probes and a judge, which tell whether answers follow the prompt',
    )
    .option('--rounds <n>', 'rounds of a dialogue', positiveInteger, defaults.rounds)
    .option('--dialogues <n>', defaults.dialoguesAre, enough, defaults.dialogues)
    .option('--max-tokens <n>', 'maximum number of tokens per answer', positiveInteger, 64)
    .addOption(
      new Option('--executor <name>', `executor that runs the model: ${EXECUTORS.join(', ')}`)
        .choices(EXECUTORS)
        .default('cpu'),
    )
    .option('--precision <p>', 'precision of the weights, for executors that have a choice (default: auto)');
  return addConcurrencyOptions(command, 'the model').option(
    '--now <time>',
    `${NOW_HELP} (default: that of the first run, which is recorded)`,
    dateTime,
  );
}

/** The fewest dialogues that have an interval worth reading. */
const FEWEST = 5;

function enough(text: string): number {
  const count = positiveInteger(text);
  if (count < FEWEST)
    throw new InvalidArgumentError(`It must be at least ${FEWEST}: fewer say nothing about others.`);
  return count;
}

/** A prompt, a model, and a folder in which to study them. */
export interface Prepared {
  readonly folder: string;
  readonly system: string;
  readonly layers: number;
  /** Tokens that a dialogue can have. */
  readonly contextLength: number;
  readonly study: PromptStudy;
  /** The model as the user named it. */
  readonly called: string;
}

/** The longest context that a chat opens by default. */
const LONGEST_CONTEXT = 8192;

/**
 * Checks the prompt and its rules, finds the model, and writes what its studies need into a folder: copies of the prompt
 * and the rules, so that the folder is complete.
 * @param written what the command will write besides, relative to the folder
 * @throws HoldfastError `E_USAGE` for a blank prompt; `E_MATERIAL` for wrong rules, with file and line; `E_UNWRITABLE` for a
 * folder of another prompt, and for files that the command did not write; what finding the model throws
 */
export async function prepare(
  named: string | undefined,
  folder: string,
  flags: PromptFlags,
  testDialogues: number,
  written: readonly string[],
): Promise<Prepared> {
  const { rounds, dialogues, maxTokens, executor } = flags;
  const system = await readSystemFile(flags.systemFile);
  const rules = flags.rules === undefined ? null : await readText(flags.rules);
  if (flags.rules !== undefined) loadRules(flags.rules);
  const embedded = isEmbedded(named);
  const path = embedded ? (named ?? 'organism') : resolve(await modelPath(named));
  const files = await openModel(embedded ? await modelPath(named) : path);
  const { blueprint } = await planModel(files.checkpoint, files.config).finally(() => files.close());
  await makeFolder(folder);
  const copies = [
    { path: 'system.txt', text: `${system}\n` },
    ...(rules === null ? [] : [{ path: 'rules.yaml', text: rules }]),
  ];
  await refuseOther(folder, copies);
  await refuseChanged(folder, written, flags);
  await writeDerived(folder, copies, flags);
  const name = embedded ? path : nameOf(named!);
  return {
    folder,
    system,
    layers: blueprint.layers.length,
    contextLength: Math.min(blueprint.contextLength, LONGEST_CONTEXT),
    called: named ?? 'organism',
    study: {
      model: { name, path, executor, precision: precisionOf(flags) },
      system: 'system.txt',
      rules: rules === null ? null : 'rules.yaml',
      users: embedded ? 'organism' : 'everyday',
      ...{ rounds, maxTokens, dialogues: testDialogues, calibration: dialogues },
    },
  };
}

/**
 * Checks that a folder is not that of another prompt, whose dialogues would be lost.
 * @throws HoldfastError `E_UNWRITABLE` if it is
 */
async function refuseOther(folder: string, copies: readonly DerivedFile[]): Promise<void> {
  for (const { path, text } of copies) {
    const file = join(folder, path);
    if (!existsSync(file) || (await readText(file)) === text) continue;
    throw new HoldfastError('E_UNWRITABLE', 'the folder belongs to another prompt, or to other rules', {
      file,
      hint: 'Choose another --out, or remove the folder',
    });
  }
}

/** Returns the name of a model for people: that of its file or folder, or its name on the hub. */
const nameOf = (named: string): string => basename(named).replace(/\.(gguf|safetensors)$/, '');

function precisionOf({ executor, precision }: PromptFlags): string | null {
  if (takesOption(executor, 'precision')) return precision === undefined ? 'auto' : parsePrecision(precision);
  if (precision === undefined) return null;
  throw new HoldfastError('E_USAGE', `the ${executor} executor takes no --precision`);
}

/** Writes a specification into a folder, and opens it. */
export async function openPromptStudy(
  folder: string,
  name: string,
  text: string,
  calibrates: boolean,
  flags: ForceFlag,
): Promise<Study> {
  await writeDerived(folder, [{ path: `${name}.yaml`, text }], flags);
  const versions = { ...readVersions('cpu'), judges: String(JUDGE_VERSION) };
  return openStudy(join(folder, `${name}.yaml`), {}, versions, {
    fetch: (model) =>
      EMBEDDED_MODELS.has(model) ? Promise.resolve(model) : fetching((watch) => locateModel(model, watch)),
    calibrates,
  });
}

/** Returns a command of Holdfast as a line for the shell. */
export const commandLine = (...words: readonly string[]): string =>
  [commandName(process.argv[1]!, process.cwd()), ...words.map(quoted)].join(' ');

/** Returns how a page was made, for the page. @param dialogues what was done with them @param specifications where they are */
export function recordOf(
  study: PromptStudy,
  { versions, now, models }: StudyResult,
  dialogues: string,
  specifications: readonly [name: string, where: string],
): PromptFacts['record'] {
  const [model] = models;
  return [
    [
      'model',
      `${model!.name}, weights ${model!.hash.slice(0, 12)}, ${study.model.executor} ${study.model.precision ?? ''}`,
    ],
    ['dialogues', `${dialogues}, at most ${study.maxTokens} tokens an answer`],
    ['users', study.users === 'organism' ? "the embedded model's own language" : 'bundled everyday users'],
    ['rules', study.rules ?? 'none'],
    ['moment', now ?? ''],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    specifications,
  ];
}
