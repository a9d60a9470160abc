import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  checkSchedule,
  needsSystem,
  POLICIES,
  type Policy,
  parsePolicy,
  parseSchedule,
  parseTarget,
  type Schedule,
} from '../../attention/index.js';
import type { ChatOptions, SettingsOptions } from '../../dialogue/index.js';
import { checkSampling, type SamplingOptions } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { decimal, positiveInteger } from './arguments.js';
import { addModelOptions, type ModelOptions } from './model-options.js';

/** What answers are made under, as commands that make them take it. */
export interface SettingsFlags {
  readonly hold?: true;
  readonly policy?: string;
  readonly strength?: number;
  readonly schedule?: string;
  readonly target?: string;
  readonly layers?: number[];
  readonly heads?: number[];
  readonly seed?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly maxTokens?: number;
  readonly stop?: string[];
  readonly context?: number;
}

/** The command line of a chat. */
export interface ChatFlags extends ModelOptions, SettingsFlags {
  readonly system?: string;
  readonly onContextFull?: 'error' | 'drop-oldest';
  readonly trustContent?: true;
  readonly load?: string;
  readonly compare?: true;
  readonly json?: true;
}

export function addChatOptions(command: Command): Command {
  command.option('--system <text>', 'the system prompt');
  addSettingsOptions(command, { temperature: '0.7', topP: '0.95', maxTokens: '512' })
    .addOption(
      new Option('--on-context-full <what>', 'fail, or leave out the oldest turns (error)').choices([
        'error',
        'drop-oldest',
      ]),
    )
    .option('--trust-content', 'read control tokens written in messages as such')
    .option('--load <file>', 'go on from a saved dialogue, or from messages')
    .option('--compare', 'answer each turn with the policy off and on, from the same seed')
    .option('--json', 'one JSON object a line');
  return addModelOptions(command);
}

/** @param unsaid what holds where nothing is said, for the help */
export function addSettingsOptions(
  command: Command,
  unsaid: { readonly temperature: string; readonly topP: string; readonly maxTokens: string },
): Command {
  return command
    .addOption(
      new Option('--hold', 'the recommended policy and schedule').conflicts([
        'policy',
        'strength',
        'schedule',
      ]),
    )
    .option('--policy <name>', `what is done to the system prompt's share: ${POLICIES.join(', ')}`)
    .option('--strength <x>', 'the same strength throughout', decimal)
    .option(
      '--schedule <s>',
      'a strength that follows the dialogue: per-turn:FROM,TO,STEP, per-token:FROM,TO,RATE, target:SHARE',
    )
    .option(
      '--target <target>',
      'whose share: prefix, message, content, sink, template, random:SEED, or all but: not:prefix … (prefix)',
    )
    .option('--layers <list>', 'layers the policy acts on, as 0,3,5-8 (all)', indexRanges)
    .option('--heads <list>', 'heads the policy acts on (all)', indexRanges)
    .option('--seed <n>', "the first answer's; each later one takes the next (0)", decimal)
    .option('--temperature <x>', `0 takes the most probable token (${unsaid.temperature})`, decimal)
    .option(
      '--top-p <x>',
      `the most probable tokens that have this probability together (${unsaid.topP})`,
      decimal,
    )
    .option('--top-k <n>', 'so many of the most probable tokens; 0 for all (0)', decimal)
    .option('--min-p <x>', "tokens with this part of the best one's probability (0)", decimal)
    .option('--repetition-penalty <x>', 'above 1 discourages tokens there already were (1)', decimal)
    .option('--max-tokens <n>', `of an answer (${unsaid.maxTokens})`, positiveInteger)
    .option('--stop <text>', 'ends an answer; may be given more than once', (text, before: string[] = []) => [
      ...before,
      text,
    ])
    .option('--context <n>', "tokens the dialogue may hold (the model's own, at most 8192)", positiveInteger);
}

/** `0,3,5-8`: ascending, each once. */
export function indexRanges(text: string): number[] {
  const indices = new Set<number>();
  for (const part of text.split(',').map((part) => part.trim())) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!(first <= last))
      throw new InvalidArgumentError(`"${part}" is not an index from 0, nor a range as 5-8.`);
    for (let index = first; index <= last; index++) indices.add(index);
  }
  return [...indices].sort((a, b) => a - b);
}

/**
 * What the command line says about the dialogue, and nothing it does not say; checked as far as can be without a model.
 * @throws HoldfastError `E_USAGE` for options that do not go together; `E_POLICY`, `E_STRENGTH`, `E_TARGET`,
 * `E_SAMPLING` for values that are none or out of range
 */
export function readChatOptions(flags: ChatFlags): ChatOptions {
  const { system, context, onContextFull, trustContent } = flags;
  const settings = readSettings(flags);
  checkTogether(flags, settings);
  return {
    ...settings,
    ...(system === undefined ? {} : { system }),
    ...(context === undefined ? {} : { contextLength: context }),
    ...(onContextFull === undefined ? {} : { onContextFull }),
    ...(trustContent === undefined ? {} : { trustContent }),
  };
}

/** @throws HoldfastError as {@link readChatOptions} */
export function readSettings(flags: SettingsFlags): SettingsOptions {
  const { hold, layers, heads, maxTokens, stop } = flags;
  const sampling = readSampling(flags);
  return {
    ...(hold === undefined ? {} : { hold }),
    ...readPolicy(flags),
    ...(flags.target === undefined ? {} : { target: parseTarget(flags.target) }),
    ...(layers === undefined ? {} : { layers }),
    ...(heads === undefined ? {} : { heads }),
    ...(Object.keys(sampling).length === 0 ? {} : { sampling }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(stop === undefined ? {} : { stop }),
  };
}

function readSampling(flags: SettingsFlags): SamplingOptions {
  const { seed, temperature, topP, topK, minP, repetitionPenalty } = flags;
  const said = Object.entries({ seed, temperature, topP, topK, minP, repetitionPenalty }).filter(
    ([, value]) => value !== undefined,
  );
  const sampling: SamplingOptions = Object.fromEntries(said);
  checkSampling(sampling);
  return sampling;
}

function readPolicy(flags: SettingsFlags): Pick<SettingsOptions, 'policy' | 'schedule'> {
  const { strength } = flags;
  if (flags.policy === undefined) {
    if (strength === undefined && flags.schedule === undefined) return {};
    throw usage(
      `${strength === undefined ? '--schedule' : '--strength'} needs the --policy whose strength it is`,
    );
  }
  const policy = parsePolicy(flags.policy);
  const schedule = readSchedule(flags);
  if (policy === 'off' || policy === 'hold') {
    if (schedule !== undefined) throw usage(`the policy ${policy} takes no --strength and no --schedule`);
    return { policy };
  }
  if (schedule === undefined) throw usage(`the policy ${policy} needs --strength or --schedule`);
  checkSchedule(policy, schedule);
  return { policy, schedule };
}

function readSchedule({ strength, schedule }: SettingsFlags): Schedule | undefined {
  if (schedule === undefined) return strength === undefined ? undefined : { kind: 'constant', strength };
  if (schedule === 'constant' && strength === undefined) throw usage('--schedule constant needs --strength');
  if (schedule !== 'constant' && strength !== undefined) {
    throw usage('--strength is a constant schedule: give one of --strength and --schedule');
  }
  return parseSchedule(schedule, strength ?? Number.NaN);
}

function checkTogether(flags: ChatFlags, { hold, policy = 'off', target }: SettingsOptions): void {
  const acts = hold === true || policy !== 'off';
  if (flags.compare === true && !acts)
    throw usage('--compare needs --hold or a --policy to compare with off');
  if (
    acts &&
    flags.system === undefined &&
    flags.load === undefined &&
    (target === undefined || needsSystem(target))
  ) {
    throw usage(`${actor(hold, policy)} needs a --system: without a system prompt there is nothing to hold`);
  }
  if (flags.load === '-') throw usage('--load takes a file: standard input is for what the user says');
}

function actor(hold: boolean | undefined, policy: Policy): string {
  return hold === true ? '--hold' : `--policy ${policy}`;
}

function usage(what: string): HoldfastError {
  return new HoldfastError('E_USAGE', what);
}
