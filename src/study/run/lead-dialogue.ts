import { assertTouched } from '../../attention/index.js';
import {
  type AnswerOptions,
  type Chat,
  type FreePlaces,
  NO_PLACES,
  openChat,
  probeTogether,
  type Turn,
} from '../../dialogue/index.js';
import type { Meter, Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { fluency } from '../../material/index.js';
import type { Scenario, User } from '../../scenario/index.js';
import type { Moment } from '../../text/index.js';
import {
  type Arm,
  type CellLabels,
  type DialogueRecord,
  type ProbeRecord,
  probesIn,
  type RoundRecord,
} from '../plan/index.js';
import type { StudySpec } from '../spec/index.js';
import { messageUnder } from './arm-message.js';
import { askProbes } from './ask-probes.js';
import { rounded } from './digits.js';
import { lease } from './lease.js';
import { type DialogueSeeds, dialogueSeeds } from './seeds.js';
import { CONTROL_TARGETS, createShareBook } from './share-book.js';

/** Settings of a dialogue; `seed` and `index` determine its random seeds, and `now` the date that its prompts may write. */
export type LeadSettings = Pick<StudySpec, 'sampling' | 'maxTokens' | 'probeRounds' | 'probeRepeats'> &
  Pick<CellLabels, 'seed' | 'index'> & { readonly now: Moment };

/** The result of a dialogue. */
export interface LedDialogue {
  readonly record: Omit<DialogueRecord, keyof CellLabels>;
  /** Tokens of all answers, also to probes. */
  readonly decodedTokens: number;
}

/** The state that all rounds of a dialogue share. */
interface Lead {
  readonly chat: Chat;
  readonly scenario: Scenario;
  readonly arm: Arm;
  readonly system: string;
  readonly seeds: DialogueSeeds;
  readonly probeRounds: readonly number[];
  readonly probeRepeats: number;
  readonly places: FreePlaces;
  /** Called with every answer, also to probes. */
  readonly count: (turn: Turn) => void;
}

/**
 * Runs a model through a scenario under an arm. The model gives its own answers; probes are asked on a branch and leave
 * no trace. Random seeds depend only on the dialogue, the seed and the round, so that arms are paired.
 *
 * Shares are those of the prompt and of the controls, whatever the arm acts on, and of the rows that chose an answer's
 * tokens. A system prompt that the arm repeats in a user's message is not counted to the prompt.
 * @param places where there are more, several probes are asked at once; no result depends on it
 * @throws HoldfastError what {@link openChat} and answers throw; `E_CONTEXT_FULL` names the round; `E_UNTOUCHED` if
 * the arm's policy changed no share in the whole dialogue
 */
export async function leadDialogue(
  model: Model,
  scenario: Scenario,
  arm: Arm,
  settings: LeadSettings,
  places: FreePlaces = NO_PLACES,
): Promise<LedDialogue> {
  const { sampling, maxTokens, probeRounds, probeRepeats, now } = settings;
  const seeds = dialogueSeeds(settings.seed, settings.index);
  const { system, given } = scenario;
  const shown = arm.noSystem ? null : system;
  const leased = lease(model, shown, arm);
  // The user's side gets the model itself, not the leased one: its tokens are not counted as a cost of the arm.
  const user = scenario.openUser({ model, seed: seeds.user, sampling, maxTokens, now });
  try {
    const { session } = leased;
    const chat = openChat(leased.model, {
      ...arm.settings,
      ...{ system: shown, history: given, sampling, maxTokens, session, now },
    });
    try {
      const opening = await user.say(null);
      let decodedTokens = 0;
      let recomputedTokens = 0;
      const count = ({ ids, cleaned }: Turn): void => {
        decodedTokens += ids.length;
        recomputedTokens += cleaned?.recomputed ?? 0;
      };
      const lead: Lead = {
        ...{ chat, scenario, arm, system, seeds, probeRounds, probeRepeats },
        ...{ places, count },
      };
      const rounds = await leadRounds(lead, user, opening);
      assertTouched(chat.turns);
      const record: LedDialogue['record'] = {
        kind: 'dialogue',
        scenario: scenario.id,
        group: scenario.group,
        system,
        rounds,
        ...forwardedIn(chat, leased.meter()),
        ...(chat.settings.cache === 'clean' && { recomputedTokens }),
      };
      return { record, decodedTokens };
    } finally {
      chat.dispose();
    }
  } finally {
    user.dispose();
    leased.end();
  }
}

/** Counts the system prompt even if an earlier dialogue computed it: a record must not depend on earlier cells. */
function forwardedIn(
  { turns }: Chat,
  { tokens, passes }: Pick<Meter, 'tokens' | 'passes'>,
): Pick<DialogueRecord, 'forwardedTokens' | 'forwardPasses'> {
  const { reusedTokens } = turns[0]!.timing;
  return { forwardedTokens: tokens + reusedTokens, forwardPasses: passes + (reusedTokens > 0 ? 1 : 0) };
}

async function leadRounds(lead: Lead, user: User, opening: string): Promise<RoundRecord[]> {
  const records: RoundRecord[] = [];
  for (let words = opening, round = 1; ; round++) {
    try {
      const record = await leadRound(lead, round, words);
      records.push(record);
      if (round === lead.scenario.rounds) return records;
      words = await user.say(record.answer);
    } catch (error) {
      throw inRound(round, lead, error);
    }
  }
}

/** Explains a full context in terms of the study. Returns every other error unchanged. */
function inRound(round: number, { chat, scenario }: Lead, error: unknown): unknown {
  if (!(error instanceof HoldfastError) || error.code !== 'E_CONTEXT_FULL') return error;
  const { contextLength } = chat.model.executor.blueprint;
  return new HoldfastError(
    'E_CONTEXT_FULL',
    `round ${round} of ${scenario.rounds} does not fit the model's context of ${contextLength} tokens`,
    {
      hint: 'Ask for fewer rounds or fewer max-tokens, or repeat the system prompt less often',
      cause: error,
    },
  );
}

async function leadRound(lead: Lead, round: number, words: string): Promise<RoundRecord> {
  const { chat, scenario, seeds } = lead;
  const book = createShareBook(chat.model.executor.blueprint);
  const turn = await answerOf(chat, nextMessage(lead, words), {
    seed: seeds.answer(round),
    observe: book.add,
    watch: CONTROL_TARGETS,
  });
  lead.count(turn);
  const answer = turn.assistant;
  const finished = turn.finish === 'stop';
  return {
    round,
    user: words,
    answer,
    finished,
    contextTokens: turn.timing.promptTokens,
    strength: turn.strength && rounded(turn.strength.first),
    notice: turn.notice,
    ...book.shares(),
    obedience: score(scenario.obedience(round, answer)),
    ability: score(scenario.ability(round, answer, finished)),
    fluency: rounded(fluency(answer)),
    probes: lead.probeRounds.includes(round) ? await putProbes(lead, round) : [],
  };
}

/** Asks the probes of a round, each as the user's next message on a branch. */
function putProbes(lead: Lead, round: number): Promise<ProbeRecord[]> {
  const { chat, scenario, seeds, probeRepeats, places, count } = lead;
  return askProbes(probesIn(scenario, round), { seeds, probeRepeats }, async (questions) => {
    const probes = questions.map(({ user, seed }) => ({ user: nextMessage(lead, user), seed }));
    const turns = await probeTogether(chat, probes, places);
    for (const turn of turns) count(turn);
    return turns.map(({ assistant }) => assistant);
  });
}

/** Returns the next message of the user under the arm. */
function nextMessage({ chat, arm, system }: Lead, words: string): string {
  return messageUnder(arm, system, chat.history.length + chat.turns.length + 1, words);
}

async function answerOf(chat: Chat, message: string, options: AnswerOptions): Promise<Turn> {
  const answer = chat.answer(message, options);
  let next = await answer.next();
  while (!next.done) next = await answer.next();
  return next.value!; // null only if a signal aborts it, and none is given
}

const score = (value: number | null): number | null => value && rounded(value);
