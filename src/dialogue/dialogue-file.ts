import { z } from 'zod';
import { type HeadPair, targetName } from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import { sha256 } from '../hash.js';
import { type Message, MomentText } from '../text/index.js';
import type { Chat } from './chat.js';
import { parsedFile } from './parsed-file.js';
import { count, fitsPolicy, indices, pair, policy, schedule, target } from './setting-schemas.js';
import type { Settings } from './settings.js';
import { CACHE_KINDS } from './settings-options.js';
import type { Turn } from './turn.js';

const sampling = z.strictObject({
  temperature: z.number(),
  topK: count,
  topP: z.number(),
  minP: z.number(),
  repetitionPenalty: z.number(),
  seed: count,
  topLogProbabilities: count,
});

/** The settings of an answer. In a turn, the seed is the one used; in `next`, it is the base that each answer adds to. */
const settings = z.strictObject({
  policy,
  schedule: schedule.nullable(),
  /** In the form that `--target` takes. */
  target,
  /** Null: all. */
  layers: indices,
  heads: indices,
  /** Single heads, instead of layers and heads. */
  pairs: z.array(pair).nullable().default(null),
  cache: z.enum(CACHE_KINDS).default('held'),
  /** Heads whose output is knocked out. */
  silence: z.array(pair).default([]),
  guidance: z.number().default(1),
  /** A text before the last user message; true: the system prompt. */
  reminder: z
    .union([z.literal(true), z.string()])
    .nullable()
    .default(null),
  sampling,
  maxTokens: count,
  stop: z.array(z.string()),
});

const scheduleOfPolicy = ({ policy, schedule }: z.infer<typeof settings>): boolean =>
  fitsPolicy(policy, schedule);
const MISFIT = { message: 'the schedule does not fit the policy', path: ['schedule'] };

/** The settings and tokens of one answer. Its text is in `messages`. */
const savedTurn = settings
  .extend({
    /** The system prompt of this turn; a dialogue may change it. */
    system: z.string().nullable(),
    /** The answer's tokens as sampled, including an end-of-turn token. */
    ids: z.array(count).min(1),
    /** How many of the first ones were given, not sampled. */
    begun: count.default(0),
    /** The strength for each of them, if it was set while the answer was generated instead of by the schedule. */
    strengths: z.array(z.number()).nullable().default(null),
    finish: z.enum(['stop', 'stop-string', 'length', 'abort']),
    /** Number of leading prompt tokens that were already in the cache. */
    reusedTokens: count,
    /** The same for guidance's second prompt; null without guidance. */
    guidanceReusedTokens: count.nullable().default(null),
    /** Numbers of the turns, from 1, that are dropped from the context from this turn on. */
    dropped: z.array(count),
  })
  .refine(({ ids, begun }) => begun <= ids.length, {
    message: 'more tokens were given than the answer has',
    path: ['begun'],
  })
  .refine(({ ids, strengths }) => strengths === null || strengths.length === ids.length, {
    message: 'there is not one strength for each token',
    path: ['strengths'],
  })
  .refine(scheduleOfPolicy, MISFIT);

const next = settings
  .extend({
    /** Tokens in the cache: fewer than after the last answer if it was rewound since, as for a new system prompt. */
    heldTokens: count,
    /** The same for guidance's second cache. */
    guidanceHeldTokens: count.default(0),
  })
  .refine(scheduleOfPolicy, MISFIT);

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });

const savedDialogue = z.strictObject({
  format: z.literal('holdfast-dialogue'),
  version: z.literal(1),
  /** The version of Holdfast that wrote the file. */
  library: z.string(),
  model: z.strictObject({
    name: z.string(),
    /** SHA-256 over the weight files, hex. */
    hash: z.string(),
    /** SHA-256 of the chat template's source in UTF-8, hex. */
    template: z.string(),
    executor: z.string(),
    precision: z.string(),
  }),
  contextLength: count,
  onContextFull: z.enum(['error', 'drop-oldest']),
  trustContent: z.boolean(),
  prefixFirst: z.boolean().default(false),
  /** The date and time that the template writes if it writes one. Null in older files, which do not have it. */
  now: MomentText.nullable().default(null),
  /** The system message if there is one, then user and assistant alternating. */
  messages: z.array(message),
  /** Number of leading exchanges that were given, not generated. */
  given: count.default(0),
  /** One for each later user message. */
  turns: z.array(savedTurn),
  /** The settings of the next answer; absent in older files. The system prompt is the one in `messages`. */
  next: next.optional(),
});

/** A dialogue as stored in a file: plain JSON with everything needed to replay it. */
export type SavedDialogue = z.infer<typeof savedDialogue>;
/** An answer in a saved dialogue, with its settings. */
export type SavedTurn = z.infer<typeof savedTurn>;
/** Settings of an answer in a saved dialogue. */
export type SavedSettings = z.infer<typeof settings>;

/**
 * Returns a chat as a saved dialogue.
 * @param library the version of Holdfast to record
 */
export async function saveDialogue(chat: Chat, library: string): Promise<SavedDialogue> {
  const { model } = chat;
  const [hash, template] = await Promise.all([model.hash(), sha256(chat.template)]);
  const { system, history, turns, session, held } = chat;
  return {
    format: 'holdfast-dialogue',
    version: 1,
    library,
    model: {
      name: model.name,
      hash,
      template,
      executor: model.executor.name,
      precision: model.executor.precision,
    },
    contextLength: session.contextLength,
    onContextFull: chat.onContextFull,
    trustContent: chat.trustContent,
    prefixFirst: chat.prefixFirst,
    now: chat.now,
    messages: [
      ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
      ...[...history, ...turns].flatMap(({ user, assistant }) => [
        { role: 'user' as const, content: user },
        { role: 'assistant' as const, content: assistant },
      ]),
    ],
    given: history.length,
    turns: turns.map(saveTurn),
    next: { ...saveSettings(chat.settings), heldTokens: held.dialogue, guidanceHeldTokens: held.without },
  };
}

function saveTurn(turn: Turn): SavedTurn {
  return {
    system: turn.system,
    ...saveSettings(turn.settings),
    ids: [...turn.ids],
    begun: turn.begun,
    strengths: turn.strengths === null ? null : [...turn.strengths],
    finish: turn.finish,
    reusedTokens: turn.timing.reusedTokens,
    guidanceReusedTokens: turn.timing.guidance?.reusedTokens ?? null,
    dropped: [...turn.dropped],
  };
}

function saveSettings(of: Settings): SavedSettings {
  const { policy, schedule, target, selection, cache, silence, guidance, reminder } = of;
  const { sampling, maxTokens, stop } = of;
  return {
    policy,
    schedule,
    target: targetName(target),
    layers: selection.layers ? [...selection.layers] : null,
    heads: selection.heads ? [...selection.heads] : null,
    pairs: selection.pairs ? savePairs(selection.pairs) : null,
    cache,
    silence: savePairs(silence),
    guidance,
    reminder,
    sampling,
    maxTokens,
    stop: [...stop],
  };
}

const savePairs = (pairs: readonly HeadPair[]): [number, number][] =>
  pairs.map(([layer, head]) => [layer, head]);

/** A dialogue read from a file. */
export interface LoadedDialogue {
  readonly messages: readonly Message[];
  /** Null for plain messages, which cannot be replayed. */
  readonly saved: SavedDialogue | null;
}

/**
 * Reads a dialogue from parsed JSON: a saved dialogue, `{ "messages": [{ "role", "content" }] }`, or only the array of
 * messages.
 * @param file the name for errors
 * @throws HoldfastError `E_DIALOGUE` naming the invalid field
 */
export function loadDialogue(json: unknown, file?: string): LoadedDialogue {
  if (Array.isArray(json))
    return { messages: parsedFile(z.array(message), json, file, DIALOGUE), saved: null };
  if (!(typeof json === 'object' && json !== null && 'format' in json)) {
    return {
      messages: parsedFile(z.object({ messages: z.array(message) }), json, file, DIALOGUE).messages,
      saved: null,
    };
  }
  const saved = parsedFile(savedDialogue, json, file, DIALOGUE);
  const spoken = saved.messages.slice(saved.messages[0]?.role === 'system' ? 1 : 0);
  const inTurn = spoken.every(({ role }, index) => role === (index % 2 === 0 ? 'user' : 'assistant'));
  if (!inTurn || spoken.length !== 2 * (saved.given + saved.turns.length)) {
    throw new HoldfastError(
      'E_DIALOGUE',
      `the messages do not match ${saved.given} given and ${saved.turns.length} generated turns: each needs a user message and then an answer`,
      { ...(file === undefined ? {} : { file }), field: 'messages' },
    );
  }
  return { messages: saved.messages, saved };
}

/** What its errors say of a dialogue. */
const DIALOGUE = { code: 'E_DIALOGUE', what: 'a dialogue' } as const;
