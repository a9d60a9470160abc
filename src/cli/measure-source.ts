import {
  type LeadOptions,
  leadDialogue,
  type MeasuredDialogue,
  type Recorded,
  readAloud,
  readRecorded,
  replaySource,
} from '../decay/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { loadGrammar } from '../organism/index.js';
import { organismSource, type ScenarioSource } from '../scenario/index.js';
import type { SettingsFlags } from './chat-options.js';
import { readDialogue } from './dialogue-file.js';
import { isEmbedded } from './model-argument.js';

/** The command line's words about where dialogues come from. */
export interface SourceFlags extends SettingsFlags {
  readonly chat?: string;
  readonly asWritten?: true;
  readonly script?: string;
  readonly pairs?: number;
  readonly rounds?: number;
}

/** Dialogues to be measured, and how they are told of. */
export interface MeasureSource {
  /** For people, and for the record. */
  readonly name: string;
  readonly dialogues: number;
  readonly rounds: number;
  /** Tokens of an answer at most, where nothing is said of them. */
  readonly maxTokens: number;
  /** The system prompt of the first. */
  readonly system: string;
  open(model: Model, options: LeadOptions, index: number, signal: AbortSignal): MeasuredDialogue;
}

/** As in Li et al. 2024; the organism's longest reference answer has 60. */
const MAX_TOKENS = { chat: 400, organism: 96 };
const DEFAULT = { pairs: 16, rounds: 12 };

/**
 * @throws HoldfastError `E_USAGE` for words that do not go together; what reading a dialogue throws
 */
export async function openSource(named: string | undefined, flags: SourceFlags): Promise<MeasureSource> {
  const { chat, asWritten = false } = flags;
  if (asWritten) checkAsWritten(flags);
  if (chat !== undefined) return recordedSource(chat, flags, asWritten);
  const script = flags.script ?? (isEmbedded(named) ? 'organism' : null);
  if (script === null) {
    throw new HoldfastError(
      'E_USAGE',
      'nothing says what is talked about: give --chat FILE or --script NAME',
    );
  }
  if (script !== 'organism') {
    throw new HoldfastError('E_USAGE', `there is no script "${script}"; known: organism`);
  }
  const { pairs = DEFAULT.pairs, rounds = DEFAULT.rounds } = flags;
  const source = organismSource(loadGrammar(), rounds);
  return ledSource('script organism', source, { dialogues: pairs, maxTokens: MAX_TOKENS.organism });
}

/** Nothing is drawn and nothing is held where answers are read. */
function checkAsWritten(flags: SourceFlags): void {
  if (flags.chat === undefined)
    throw new HoldfastError('E_USAGE', '--as-written needs a --chat to read from');
  const { pairs, hold, policy, strength, schedule, layers, heads, seed, temperature, topP, topK, minP } =
    flags;
  const { repetitionPenalty, maxTokens, stop, target } = flags;
  const idle = Object.entries({
    ...{ pairs, hold, policy, strength, schedule, target, layers, heads, seed, temperature },
    ...{ 'top-p': topP, 'top-k': topK, 'min-p': minP, 'max-tokens': maxTokens, stop },
    'repetition-penalty': repetitionPenalty,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
  if (idle.length === 0) return;
  throw new HoldfastError(
    'E_USAGE',
    `--as-written reads what is there, once, and takes no ${idle.join(', ')}`,
  );
}

async function recordedSource(
  file: string,
  { rounds = Number.POSITIVE_INFINITY, pairs = 1 }: SourceFlags,
  asWritten: boolean,
): Promise<MeasureSource> {
  const recorded = readRecorded(await readDialogue(file), file);
  if (!asWritten) {
    const source = replaySource(recorded, rounds);
    return ledSource(`what the user says in ${file}`, source, {
      dialogues: pairs,
      maxTokens: MAX_TOKENS.chat,
    });
  }
  const answered = recorded.exchanges.filter(({ assistant }) => assistant !== null).length;
  if (answered === 0) {
    throw new HoldfastError('E_DIALOGUE', 'the dialogue has no answer to read', {
      file,
      hint: 'Leave out --as-written to have the model make its own',
    });
  }
  return readSource(file, recorded, Math.min(rounds, answered));
}

function readSource(file: string, recorded: Recorded, rounds: number): MeasureSource {
  const { system } = recorded;
  return {
    name: `${file} as written`,
    dialogues: 1,
    rounds,
    maxTokens: MAX_TOKENS.chat,
    system,
    open: (model, { contextLength }, _, signal) => ({
      ...{ scenario: 'recorded', group: 'recorded', system, given: [], rounds },
      // A chat was opened before, to see that there is one.
      events: readAloud(model, model.format!, recorded, { rounds, contextLength }, signal),
    }),
  };
}

function ledSource(
  name: string,
  source: ScenarioSource,
  { dialogues, maxTokens }: Pick<MeasureSource, 'dialogues' | 'maxTokens'>,
): MeasureSource {
  const { system, rounds } = source.at(0);
  return {
    name,
    dialogues,
    rounds,
    maxTokens,
    system,
    open(model, options, index, signal) {
      const scenario = source.at(index);
      const { id, group, system, given, rounds } = scenario;
      const events = leadDialogue(model, scenario, options, index, signal);
      return { scenario: id, group, system, given, rounds, events };
    },
  };
}
