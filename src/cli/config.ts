import { existsSync } from 'node:fs';
import { Command, type Option } from 'commander';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import { readText } from '../files/index.js';
import { nearest } from '../nearest.js';
import { COMMANDS } from './commands.js';
import { configFile } from './user-folders.js';

/** The value of an option: true for one without a value, a list for one that is given several times. */
const Value = z.union([z.boolean(), z.number(), z.string(), z.array(z.union([z.number(), z.string()]))]);
const Options = z.record(z.string(), Value.nullable());
const Config = z.strictObject({
  options: z.record(z.string(), Options.nullable()).default({}),
  presets: z.record(z.string(), Options).default({}),
});
type Config = z.infer<typeof Config>;

/** Options that set one thing together: one of them on the command line replaces all of them. */
const TOGETHER: readonly (readonly string[])[] = [['hold', 'policy', 'strength', 'schedule']];

/** The options of every command. */
const EVERY = 'all';

/**
 * Returns a command line with the options that the user's configuration adds to it.
 * @throws HoldfastError `E_USAGE` for a file that is no configuration, and for a preset that it does not have;
 * `E_UNREADABLE`
 */
export async function withConfig(program: Command, argv: readonly string[]): Promise<readonly string[]> {
  const words = argv.slice(2);
  const { command, names } = calledCommand(program, words);
  const preset = valueAfter(words, '--preset');
  const file = configFile();
  if (command === program || asksForHelp(words)) return argv;
  if (!existsSync(file)) {
    if (preset === null) return argv;
    throw new HoldfastError('E_USAGE', `there is no preset "${preset}": the file does not exist`, { file });
  }
  const config = parseConfig(await readText(file), file);
  checkCommands(config, file);
  checkSubcommands(config, names, program, file);
  checkPreset(config, file);
  const known = (name: string): Option | undefined =>
    command.options.find(({ long }) => long === `--${name}`);
  const every = config.options[EVERY] ?? {};
  await checkEvery(
    Object.keys(every).filter((name) => known(name) === undefined),
    file,
  );
  const checked = (options: z.infer<typeof Options>, field: string): z.infer<typeof Options> => {
    const wrong = Object.keys(options).find((name) => known(name) === undefined);
    if (wrong === undefined) return options;
    throw wrongKey(`"${wrong}" is not an option of ${names}`, file, `${field}.${wrong}`, [
      wrong,
      longNames(command),
    ]);
  };
  const layers = [
    ...(preset === null ? [] : [checked(presetNamed(config, preset, file), `presets.${preset}`)]),
    checked(config.options[names] ?? {}, `options.${names}`),
    Object.fromEntries(Object.entries(every).filter(([name]) => known(name) !== undefined)),
  ];
  const added = addedWords(layers, command, words);
  // A word after an option without its value would be taken for the value.
  const last = command.options.find(({ long, short }) => [long, short].includes(words.at(-1)));
  if (last?.required === true) return argv;
  const end = words.indexOf('--');
  const at = end < 0 ? words.length : end;
  return [...argv.slice(0, 2), ...words.slice(0, at), ...added, ...words.slice(at)];
}

/** Returns the words of layers of options, the first ones first: those that neither the user nor an earlier layer excludes. */
function addedWords(
  layers: readonly z.infer<typeof Options>[],
  command: Command,
  words: readonly string[],
): string[] {
  const given = new Set(
    command.options.filter(({ long, short }) => words.some((word) => isFlag(word, long, short))).map(nameOf),
  );
  return layers.flatMap((layer) => {
    const excluded = new Set([...given].flatMap((name) => excludedBy(name, command)));
    const own = Object.entries(layer).filter(([name]) => !excluded.has(name));
    for (const [name] of own) given.add(name);
    return own.flatMap(([name, value]) => wordsOf(name, value));
  });
}

const isFlag = (word: string, long: string | undefined, short: string | undefined): boolean =>
  word === short || word === long || (long !== undefined && word.startsWith(`${long}=`));

/** Returns the name of an option in the configuration. */
const nameOf = ({ long = '' }: Pick<Option, 'long'>): string => long.replace(/^--(?:no-)?/, '');

/** Returns the names of the options that an option replaces or excludes, its own among them. */
function excludedBy(name: string, { options }: Command): string[] {
  const option = options.find((each) => nameOf(each) === name)!;
  const together = TOGETHER.find((names) => names.includes(name)) ?? [name];
  const conflicting = options.filter(
    (other) =>
      conflictsOf(option).includes(other.attributeName()) ||
      conflictsOf(other).includes(option.attributeName()),
  );
  return [...together, ...conflicting.map(nameOf)];
}

/** Commander's typings lack this property of an option. */
const conflictsOf = (option: Option): readonly string[] =>
  (option as Option & { readonly conflictsWith?: readonly string[] }).conflictsWith ?? [];

function wordsOf(name: string, value: z.infer<typeof Value> | null): string[] {
  if (value === null || value === false) return [];
  if (value === true) return [`--${name}`];
  return [value].flat().map((each) => `--${name}=${each}`);
}

/** Returns the command that the words call, and its names: `study run`. */
function calledCommand(program: Command, words: readonly string[]): { command: Command; names: string } {
  let command = program;
  const names: string[] = [];
  for (const word of words) {
    if (word.startsWith('-')) continue;
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
    names.push(word);
  }
  return { command, names: names.join(' ') };
}

const asksForHelp = (words: readonly string[]): boolean =>
  words.some((word) => ['-h', '--help', '--version'].includes(word));

/** Returns the value of an option on the command line; null if it is not given. */
function valueAfter(words: readonly string[], flag: string): string | null {
  const at = words.findIndex((word) => isFlag(word, flag, undefined));
  if (at < 0) return null;
  return words[at] === flag ? (words[at + 1] ?? '') : words[at]!.slice(flag.length + 1);
}

function presetNamed({ presets }: Config, name: string, file: string): z.infer<typeof Options> {
  if (Object.hasOwn(presets, name)) return presets[name]!;
  const known = Object.keys(presets);
  throw new HoldfastError('E_USAGE', `there is no preset "${name}"`, {
    file,
    hint: known.length === 0 ? 'It has none: write them under presets' : `Known: ${known.join(', ')}`,
  });
}

/** Checks that the configuration names no command that does not exist. */
function checkCommands({ options }: Config, file: string): void {
  const known = COMMANDS.map(({ name }) => name);
  for (const name of Object.keys(options)) {
    const [first = ''] = name.split(' ');
    if (name === EVERY || known.includes(first)) continue;
    throw wrongKey(`"${name}" is not a command`, file, `options.${name}`, [first, [...known, EVERY]]);
  }
}

/** Checks that the configuration names no subcommand that the called command does not have. */
function checkSubcommands({ options }: Config, called: string, program: Command, file: string): void {
  const [first = ''] = called.split(' ');
  const command = program.commands.find((each) => each.name() === first)!;
  const known = namesBelow(command, first);
  for (const name of Object.keys(options)) {
    if (name.split(' ')[0] !== first || known.includes(name)) continue;
    throw wrongKey(`"${name}" is not a command`, file, `options.${name}`, [name, known]);
  }
}

/** Checks that no options in the file name a preset: it is chosen on the command line. */
function checkPreset({ options, presets }: Config, file: string): void {
  for (const [group, byName] of Object.entries({ options, presets })) {
    for (const [name, own] of Object.entries(byName)) {
      if (own === null || !Object.hasOwn(own, 'preset')) continue;
      throw new HoldfastError('E_USAGE', 'a preset cannot be chosen in the file', {
        ...{ file, field: `${group}.${name}.preset` },
        hint: 'Write its options here, or give --preset on the command line',
      });
    }
  }
}

/** Checks that every option for all commands is one of some command. Loads commands until all options are found. */
async function checkEvery(names: readonly string[], file: string): Promise<void> {
  const known = new Set<string>();
  for (const { name, load } of COMMANDS) {
    if (names.every((each) => known.has(each))) return;
    const command = new Command(name);
    (await load())(command);
    for (const each of optionsBelow(command)) known.add(each);
  }
  const wrong = names.find((each) => !known.has(each));
  if (wrong === undefined) return;
  throw wrongKey(`"${wrong}" is not an option of any command`, file, `options.${EVERY}.${wrong}`, [
    wrong,
    [...known],
  ]);
}

/** Returns the names of a command and of those below it: `study`, `study run`. */
const namesBelow = ({ commands }: Command, names: string): string[] => [
  names,
  ...commands.flatMap((each) => namesBelow(each, `${names} ${each.name()}`)),
];

/** Returns the options of a command and of those below it. */
const optionsBelow = (command: Command): string[] => [
  ...longNames(command),
  ...command.commands.flatMap(optionsBelow),
];

const longNames = ({ options }: Command): string[] =>
  options.flatMap(({ long }) => (long ? [long.slice(2)] : []));

/** Returns the error for a key that does not exist, with the nearest of those that do. */
function wrongKey(
  what: string,
  file: string,
  field: string,
  [word, known]: readonly [word: string, known: readonly string[]],
): HoldfastError {
  const near = nearest(word, known);
  return new HoldfastError('E_USAGE', what, {
    ...{ file, field },
    ...(near === null ? {} : { hint: `Did you mean ${near}?` }),
  });
}

function parseConfig(text: string, file: string): Config {
  try {
    const parsed = Config.safeParse(parse(text) ?? {});
    if (parsed.success) return parsed.data;
    const { path, message } = parsed.error.issues[0]!;
    const field = path.map(String).join('.');
    throw new HoldfastError('E_USAGE', `not a configuration: ${message}`, {
      file,
      ...(field === '' ? {} : { field }),
      hint: 'See docs/guide/command-line.md',
    });
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new HoldfastError('E_USAGE', `not YAML: ${error.message.split('\n')[0]}`, { file, cause: error });
  }
}
