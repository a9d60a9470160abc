import { openChat, type SteeringOptions } from '../dialogue/index.js';
import { type Model, meterModel, type SamplingOptions } from '../engine/index.js';
import { type InfluenceHistory, type InfluenceOptions, type Reference, withoutSystem } from './influence.js';

/** How answers are given under references: as those of the dialogue itself. */
export interface AnsweringOptions
  extends Pick<InfluenceOptions, 'settings' | 'message' | 'contextLength' | 'now'> {
  /** With the seed of the dialogue's first answer, so that both dialogues have the same random numbers. */
  readonly sampling: SamplingOptions;
  readonly maxTokens: number;
  readonly stop?: readonly string[];
  /** Whether the prompt is computed in a pass of its own, if the dialogue's was; see `ChatOptions`. */
  readonly prefixFirst?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** References with answers, and what it took to give them. */
export interface AnsweredReferences {
  readonly references: readonly Reference[];
  readonly forwardedTokens: number;
  readonly forwardPasses: number;
}

/**
 * Returns references with the answers that the model gives under each of them to the user's messages of a dialogue, so that
 * `measureInfluence` measures the total effect beside them. A reference without a system message turns off what needs one.
 * @param history the dialogue; only its given exchanges and its user messages are used
 * @returns null if the signal fires
 * @throws HoldfastError those of opening a chat and of answers
 */
export async function answeredReferences(
  model: Model,
  { given = [], exchanges }: Pick<InfluenceHistory, 'given' | 'exchanges'>,
  references: readonly Reference[],
  { settings = {}, message = (_, __, words) => words, signal, ...options }: AnsweringOptions,
): Promise<AnsweredReferences | null> {
  const { model: metered, meter } = meterModel(model);
  const answered: Reference[] = [];
  for (const reference of references) {
    const { system } = reference;
    const steering: SteeringOptions = system === null ? withoutSystem(settings) : settings;
    const chat = openChat(metered, { ...options, ...steering, system, history: given });
    try {
      const answers: string[] = [];
      for (const { user } of exchanges) {
        const turn = given.length / 2 + answers.length + 1;
        const answer = chat.answer(message(system, turn, user), { signal });
        let next = await answer.next();
        while (!next.done) next = await answer.next();
        if (next.value === null || signal?.aborted === true) return null;
        answers.push(next.value.assistant);
      }
      answered.push({ ...reference, answers });
    } finally {
      chat.dispose();
    }
  }
  return { references: answered, forwardedTokens: meter.tokens, forwardPasses: meter.passes };
}
