import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { loadMaterial } from '../../material/index.js';
import {
  type LeadOptions,
  type MeasuredDialogue,
  measureDialogue,
  readAloud,
  readRecorded,
} from '../../measure/index.js';
import { loadGrammar } from '../../organism/index.js';
import {
  organismSource,
  replaySource,
  type ScenarioSource,
  scriptSource,
  selfChatSource,
} from '../../scenario/index.js';
import { currentMoment, type Moment, recordedMoment } from '../../text/index.js';
import type { SettingsFlags } from '../options/index.js';
import { isEmbedded, readDialogue } from '../options/index.js';

/** The options that choose the source of dialogues. */
export interface SourceFlags extends SettingsFlags {
  readonly chat?: string;
  readonly asWritten?: true;
  readonly selfChat?: true;
  readonly script?: string;
  readonly dialogues?: number;
  readonly batch?: number;
  readonly rounds?: number;
  readonly influence?: string | true;
}

/** The name of the script with the organism's own trials. */
const ORGANISM = 'organism';

/** A source of dialogues to measure. */
export interface MeasureSource {
  /** Its name for people and for the record. */
  readonly name: string;
  readonly dialogues: number;
  /** Default of the maximum number of tokens per answer. */
  readonly maxTokens: number;
  /** The system prompts of all dialogues, in order. */
  readonly systems: readonly string[];
  /** The moment of its dialogues, the same for all. */
  readonly now: Moment;
  open(model: Model, options: LeadOptions, index: number, signal: AbortSignal): MeasuredDialogue;
}

/** As in Li et al. 2024; the organism's longest reference answer has 60. */
const MAX_TOKENS = { others: 400, organism: 96 };
const DEFAULT_DIALOGUES = 16;
const DEFAULT_ROUNDS = { script: 12, selfChat: 8 };

/**
 * Opens the source that the options name.
 * @throws HoldfastError `E_USAGE` for options that contradict each other, and those of reading dialogues and material
 */
export async function openMeasureSource(
  named: string | undefined,
  flags: SourceFlags,
): Promise<MeasureSource> {
  const { chat, asWritten, selfChat, dialogues: count = DEFAULT_DIALOGUES, now = currentMoment() } = flags;
  if (asWritten === true) return readSource(flags);
  if (chat !== undefined) {
    const source = replaySource(chat, flags.rounds ?? Number.POSITIVE_INFINITY);
    return ledSource(`what users say in ${chat}`, source, flags.dialogues ?? source.size!, now);
  }
  if (selfChat === true) {
    const rounds = flags.rounds ?? DEFAULT_ROUNDS.selfChat;
    return ledSource('self-chat', selfChatSource(loadMaterial(), { rounds, groups: null }), count, now);
  }
  const script = flags.script ?? (isEmbedded(named) ? ORGANISM : null);
  if (script === null) {
    throw usage('no source of dialogues: give --chat FILE, --self-chat or --script NAME');
  }
  if (script === ORGANISM) {
    const source = organismSource(loadGrammar(), flags.rounds ?? DEFAULT_ROUNDS.script);
    return { ...ledSource(`script ${ORGANISM}`, source, count, now), maxTokens: MAX_TOKENS.organism };
  }
  const material = loadMaterial();
  const dialogues = material.scripts.get(script)?.dialogues;
  if (dialogues === undefined) {
    throw usage(
      `there is no script "${script}"; known: ${[ORGANISM, ...material.scripts.keys()].join(', ')}`,
    );
  }
  const rounds =
    flags.rounds ?? Math.min(DEFAULT_ROUNDS.script, Math.max(...dialogues.map(({ length }) => length)));
  return ledSource(`script ${script}`, scriptSource(material, { script, rounds, groups: null }), count, now);
}

/** Refuses options that have no effect if answers are read: nothing is sampled, and no policy acts. */
function checkAsWritten(flags: SourceFlags): void {
  if (flags.chat === undefined) throw usage('--as-written needs a --chat to read from');
  const {
    dialogues,
    batch,
    hold,
    policy,
    strength,
    schedule,
    layers,
    heads,
    cache,
    reminder,
    seed,
    temperature,
    topP,
    topK,
    minP,
  } = flags;
  const { repetitionPenalty, maxTokens, stop, target } = flags;
  const idle = Object.entries({
    ...{ dialogues, batch, hold, policy, strength, schedule, target, layers, heads, cache, reminder },
    ...{ seed, temperature },
    ...{ 'top-p': topP, 'top-k': topK, 'min-p': minP, 'max-tokens': maxTokens, stop },
    'repetition-penalty': repetitionPenalty,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
  if (idle.length === 0) return;
  throw new HoldfastError(
    'E_USAGE',
    `--as-written reads recorded answers once and takes no ${idle.join(', ')}`,
  );
}

/** Returns the source of one recorded dialogue whose answers are read. */
async function readSource(flags: SourceFlags): Promise<MeasureSource> {
  checkAsWritten(flags);
  const file = flags.chat!;
  const { messages, now } = await readDialogue(file);
  const recorded = readRecorded(messages, file);
  const answered = recorded.exchanges.filter(({ assistant }) => assistant !== null).length;
  if (answered === 0) {
    throw new HoldfastError('E_DIALOGUE', 'the dialogue has no answer to read', {
      file,
      hint: 'Leave out --as-written to have the model generate answers',
    });
  }
  const { system } = recorded;
  const rounds = Math.min(flags.rounds ?? answered, answered);
  return {
    name: `${file} as written`,
    dialogues: 1,
    maxTokens: 1, // no answer is generated, so none needs room in the context
    systems: [system],
    now: recordedMoment(now, flags.now),
    open: (model, { contextLength, now }, _, signal) => ({
      ...{ scenario: 'recorded', group: 'recorded', system, given: [], rounds },
      // The format is set: readFacts has opened a chat.
      events: readAloud(model, model.format!, recorded, { rounds, contextLength, now }, signal),
    }),
  };
}

/** Returns the source of generated dialogues. If it has fewer scenarios than dialogues, they repeat with other seeds. */
function ledSource(name: string, source: ScenarioSource, dialogues: number, now: Moment): MeasureSource {
  const scenarioAt = (index: number) => source.at(source.size === null ? index : index % source.size);
  return {
    name,
    dialogues,
    maxTokens: MAX_TOKENS.others,
    systems: Array.from({ length: dialogues }, (_, index) => scenarioAt(index).system),
    now,
    open(model, options, index, signal) {
      const scenario = scenarioAt(index);
      const { id, group, system, given, rounds } = scenario;
      const events = measureDialogue(model, scenario, options, index, signal);
      return { scenario: id, group, system, given, rounds, events };
    },
  };
}

const usage = (what: string): HoldfastError => new HoldfastError('E_USAGE', what);
