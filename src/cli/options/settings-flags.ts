import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  needsSystem,
  POLICIES,
  type Policy,
  parseSchedule,
  parseTarget,
  type Schedule,
  strengthProblem,
} from '../../attention/index.js';
import {
  CACHE_KINDS,
  type CacheKind,
  type ChatOptions,
  type PolicyOptions,
  policyChoice,
  type SettingsOptions,
} from '../../dialogue/index.js';
import { checkSampling, type SamplingOptions } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import type { Moment } from '../../text/index.js';
import { dateTime, decimal, NOW_HELP, oneMore, positiveInteger, STRENGTHS_HELP } from './arguments.js';
import { addModelOptions, type ModelOptions } from './model-options.js';
import { policyNamed } from './policy-name.js';

/** Flags of the commands that generate answers: policy, schedule, target and sampling. */
export interface SettingsFlags {
  /** True without a file. */
  readonly hold?: true | string;
  readonly policy?: string;
  readonly strength?: number;
  readonly schedule?: string;
  readonly target?: string;
  readonly layers?: number[];
  readonly heads?: number[];
  readonly cache?: CacheKind;
  /** True for the system prompt. */
  readonly reminder?: true | string;
  readonly seed?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly maxTokens?: number;
  readonly stop?: string[];
  readonly context?: number;
  readonly now?: Moment;
}

/** What a chat can do when its context is full. */
export const ON_CONTEXT_FULL = ['error', 'drop-oldest'] as const;

/** Flags of `holdfast chat`. */
export interface ChatFlags extends ModelOptions, SettingsFlags {
  readonly system?: string;
  readonly systemFile?: string;
  readonly onContextFull?: (typeof ON_CONTEXT_FULL)[number];
  readonly trustContent?: true;
  readonly load?: string;
  readonly compare?: true;
  readonly json?: true;
}

/** Adds the flags of {@link ChatFlags} to a command. */
export function addChatOptions(command: Command): Command {
  command
    .option('--system <text>', 'the system prompt')
    .addOption(new Option('--system-file <file>', 'a file with the system prompt').conflicts('system'));
  addSettingsOptions(command, { ...COUNTED_SEED, temperature: '0.7', topP: '0.95', maxTokens: '512' })
    .addOption(
      new Option(
        '--on-context-full <action>',
        'when the context is full, end with an error, or drop-oldest: drop the oldest turns (default: error)',
      ).choices(ON_CONTEXT_FULL),
    )
    .option('--trust-content', 'parse control tokens in messages')
    .option('--load <file>', 'continue a saved dialogue, or a JSON array of messages')
    .option('--compare', 'answer each turn with the policy off and on, from the same seed')
    .option('--json', 'write one JSON object per line');
  return addModelOptions(command);
}

/** The command's default values, for the help. */
interface SettingsDefaults {
  /** What a seed is for, and its default. */
  readonly seed: string;
  readonly temperature: string;
  readonly topP: string;
  readonly maxTokens: string;
}

/** For commands whose answers follow each other. */
export const COUNTED_SEED = { seed: 'seed of the first answer; each later answer adds 1 (default: 0)' };

/** Adds the flags of {@link SettingsFlags} to a command. */
export function addSettingsOptions(command: Command, defaults: SettingsDefaults): Command {
  return command
    .option('--preset <name>', 'the options of a preset in the configuration file')
    .addOption(
      new Option(
        '--hold [file]',
        'the recommended policy and schedule: those of a file that calibrate wrote; without a file, those of the preset of this model, else split-softmax from k = 1 to 0.6',
      )
        .argParser(jsonFile)
        .conflicts(['policy', 'strength', 'schedule']),
    )
    .option('--policy <name>', `how to change the target's share: ${POLICIES.join(', ')}`)
    .option('--strength <x>', `a constant strength; ${STRENGTHS_HELP}`, decimal)
    .option(
      '--schedule <s>',
      'a strength that follows the dialogue: per-turn:FROM,TO,STEP, per-token:FROM,TO,RATE, or target:SHARE (mean over the heads that see furthest)',
    )
    .option(
      '--target <target>',
      'the tokens whose share changes: message (the system message), content (its words), prefix (all tokens up to its end, including the first), sink, template, random:SEED, START:END; not:TARGET for all other tokens (default: message)',
    )
    .option('--layers <list>', 'layers the policy acts on, for example 0,3,5-8 (default: all)', indexRanges)
    .option('--heads <list>', 'heads the policy acts on (default: all)', indexRanges)
    .addOption(
      new Option(
        '--cache <kind>',
        'what the policy leaves in the cache of earlier turns: held, its changes; clean, nothing, so that each turn is computed again without it (default: held)',
      ).choices(CACHE_KINDS),
    )
    .option(
      '--reminder <text>',
      'a text before the message that is answered, and only there; system is the system prompt (default: none)',
      reminderText,
    )
    .option('--seed <n>', defaults.seed, decimal)
    .option(
      '--temperature <x>',
      `0 always takes the most probable token (default: ${defaults.temperature})`,
      decimal,
    )
    .option(
      '--top-p <x>',
      `sample from the most probable tokens up to this cumulative probability (default: ${defaults.topP})`,
      decimal,
    )
    .option('--top-k <n>', 'sample from the n most probable tokens; 0 for all (default: 0)', decimal)
    .option(
      '--min-p <x>',
      'drop tokens with less than this fraction of the highest probability (default: 0)',
      decimal,
    )
    .option('--repetition-penalty <x>', 'values above 1 penalise repeated tokens (default: 1)', decimal)
    .option(
      '--max-tokens <n>',
      `maximum number of tokens per answer (default: ${defaults.maxTokens})`,
      positiveInteger,
    )
    .option('--stop <text>', 'text that ends an answer; repeatable', oneMore)
    .option(
      '--context <n>',
      "context length in tokens (default: the model's own, at most 8192)",
      positiveInteger,
    )
    .option('--now <time>', `${NOW_HELP} (default: the current one, or that of a loaded dialogue)`, dateTime);
}

/** Parses the name of a file that ends in `.json`: an optional value would otherwise take the model that follows it. */
function jsonFile(text: string): string {
  if (/\.json$/i.test(text)) return text;
  throw new InvalidArgumentError('It must be a .json file. Without a file, write --hold after the model.');
}

/** Parses the word for the system prompt, or another text. */
function reminderText(text: string): true | string {
  if (text.trim() === '') throw new InvalidArgumentError('It must be system or a text.');
  return text === 'system' ? true : text;
}

/** Parses indices and ranges, `0,3,5-8`. Returns them ascending, each once. */
export function indexRanges(text: string): number[] {
  const indices = new Set<number>();
  for (const part of text.split(',').map((part) => part.trim())) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!(first <= last))
      throw new InvalidArgumentError(`"${part}" is neither an index from 0 nor a range such as 5-8.`);
    for (let index = first; index <= last; index++) indices.add(index);
  }
  return [...indices].sort((a, b) => a - b);
}

/**
 * Returns the chat options that the command line gives, without defaults, checked as far as possible without a model.
 * @throws HoldfastError `E_USAGE` for options that exclude each other; `E_POLICY`, `E_STRENGTH`, `E_TARGET`,
 * `E_SAMPLING` for invalid values
 */
export function readChatOptions(flags: ChatFlags): ChatOptions {
  const { system, context, onContextFull, trustContent, now } = flags;
  const settings = readSettings(flags);
  checkTogether(flags, settings);
  return {
    ...settings,
    ...(system === undefined ? {} : { system }),
    ...(context === undefined ? {} : { contextLength: context }),
    ...(onContextFull === undefined ? {} : { onContextFull }),
    ...(trustContent === undefined ? {} : { trustContent }),
    ...(now === undefined ? {} : { now }),
  };
}

/**
 * Returns the policy, schedule, target and sampling that the command line gives, without defaults. `--hold`, with a file
 * or without, is `hold: true` until `withHold` replaces it.
 * @throws HoldfastError as {@link readChatOptions}
 */
export function readSettings(flags: SettingsFlags): SettingsOptions {
  const { layers, heads, maxTokens, stop } = flags;
  const sampling = readSampling(flags);
  return {
    ...readPolicy(flags),
    ...(flags.target === undefined ? {} : { target: parseTarget(flags.target) }),
    ...(layers === undefined ? {} : { layers }),
    ...(heads === undefined ? {} : { heads }),
    ...(flags.cache === undefined ? {} : { cache: flags.cache }),
    ...(flags.reminder === undefined ? {} : { reminder: flags.reminder }),
    ...(Object.keys(sampling).length === 0 ? {} : { sampling }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(stop === undefined ? {} : { stop }),
  };
}

function readSampling(flags: SettingsFlags): SamplingOptions {
  const { seed, temperature, topP, topK, minP, repetitionPenalty } = flags;
  const given = Object.entries({ seed, temperature, topP, topK, minP, repetitionPenalty }).filter(
    ([, value]) => value !== undefined,
  );
  const sampling: SamplingOptions = Object.fromEntries(given);
  checkSampling(sampling);
  return sampling;
}

function readPolicy(flags: SettingsFlags): PolicyOptions | { readonly hold: true } {
  const { hold, strength } = flags;
  if (typeof hold === 'string') {
    const own = (['target', 'layers', 'heads'] as const).find((name) => flags[name] !== undefined);
    if (own !== undefined) throw usage(`${hold} has its own --${own}: leave it out`);
  }
  if (hold !== undefined) return { hold: true };
  if (flags.policy === undefined) {
    if (strength === undefined && flags.schedule === undefined) return {};
    throw usage(`${strength === undefined ? '--schedule' : '--strength'} needs a --policy`);
  }
  const policy = policyNamed(flags.policy);
  const schedule = readSchedule(flags);
  const problem = strengthProblem(policy, schedule !== undefined);
  if (problem !== null) throw usage(problem);
  return policyChoice(policy, schedule ?? null);
}

function readSchedule({ strength, schedule }: SettingsFlags): Schedule | undefined {
  if (schedule === undefined) return strength === undefined ? undefined : { kind: 'constant', strength };
  if (schedule === 'constant' && strength === undefined) throw usage('--schedule constant needs --strength');
  if (schedule !== 'constant' && strength !== undefined) {
    throw usage('--strength sets a constant schedule: give either --strength or --schedule');
  }
  return parseSchedule(schedule, strength ?? Number.NaN);
}

function checkTogether(flags: ChatFlags, settings: SettingsOptions): void {
  const { hold, policy = 'off', target } = settings;
  const acts = hold === true || policy !== 'off';
  if (flags.load === undefined) refuseIdleCache(settings);
  if (flags.compare === true && !acts)
    throw usage('--compare needs --hold or a --policy to compare with off');
  if (
    acts &&
    flags.system === undefined &&
    flags.load === undefined &&
    (target === undefined || needsSystem(target))
  ) {
    throw usage(`${actor(hold, policy)} needs --system: without a system prompt it has no target`);
  }
  if (flags.load === '-') throw usage("--load takes a file: standard input is for the user's messages");
}

/**
 * Refuses a clean cache without a policy whose changes it could leave out.
 * @throws HoldfastError `E_USAGE`
 */
export function refuseIdleCache({ hold, policy = 'off', cache }: SettingsOptions): void {
  if (cache !== 'clean' || hold === true || policy !== 'off') return;
  throw usage('--cache clean needs --hold or a --policy: without one, nothing changes the cache');
}

function actor(hold: boolean | undefined, policy: Policy): string {
  return hold === true ? '--hold' : `--policy ${policy}`;
}

function usage(what: string): HoldfastError {
  return new HoldfastError('E_USAGE', what);
}
