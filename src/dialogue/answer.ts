import { headsInMeans, seesTarget, type Target } from '../attention/index.js';
import { type Guidance, generate, headGrid, type LogitAdjustments, type Session } from '../engine/index.js';
import type { Tokenizer } from '../text/index.js';
import { silencedBy } from './caches.js';
import type { Prompt } from './prompt.js';
import { createPartMeter, createShareMeter, meanShare, PARTS, spanShares } from './shares.js';
import type { Steering } from './steering.js';
import type { AnswerStep, RowObservation, Turn } from './turn.js';
import { type Watched, watchAnswer } from './watch.js';

/** Everything needed to generate one answer. */
export interface AnswerContext {
  readonly session: Session;
  readonly tokenizer: Tokenizer;
  readonly prompt: Prompt;
  /** Token positions that no pass of the prompt crosses; see `GenerationOptions`. */
  readonly cuts: readonly number[];
  /** Number of prompt tokens that are computed without the policy. */
  readonly cleanLength: number;
  readonly steering: Steering;
  readonly guidance: Guidance | undefined;
  readonly adjust?: LogitAdjustments | undefined;
  /** Tokens that the answer begins with; default: none. */
  readonly begin?: readonly number[];
  readonly signal: AbortSignal | undefined;
  readonly observe: ((row: RowObservation) => void) | undefined;
  readonly watch: readonly Target[];
  /** The fields of the turn that are known before it is answered. */
  readonly turn: Pick<Turn, 'number' | 'system' | 'user' | 'settings' | 'cleaned' | 'dropped'>;
}

/**
 * Generates one answer, and measures the shares of the rows that choose its tokens.
 * @returns null if the signal fires before the first token
 */
export async function* answerPrompt({
  session,
  tokenizer,
  prompt,
  cuts,
  cleanLength,
  steering,
  guidance,
  adjust,
  begin = [],
  signal,
  observe,
  watch,
  turn,
}: AnswerContext): AsyncGenerator<AnswerStep, Turn | null> {
  const { sampling, maxTokens, stop } = turn.settings;
  const grid = headGrid(session.executor.blueprint);
  const watched = watchAnswer([...PARTS, ...watch], prompt);
  /** Returns all spans of a dialogue of `end` tokens, the growing answer last, and which of them each target has. */
  const watchedAt = (end: number): Watched => {
    const start = prompt.ids.length;
    return watched(end === start ? null : { role: 'assistant', turn: turn.number, start, end });
  };
  const generation = generate(session, prompt.ids, {
    tokenizer,
    cuts,
    cleanLength,
    sampling,
    maxTokens,
    stop,
    signal,
    guidance,
    adjust,
    begin,
    silenced: silencedBy(turn.settings, grid).heads,
    intervention: steering.interventionAt,
    spans: ({ end }) => watchedAt(end).spans,
  });

  const inMean = headsInMeans(grid);
  const meter = createShareMeter(grid);
  const partMeter = createPartMeter(grid);
  const ids: number[] = [];
  const strengths: number[] = [];
  let assistant = '';
  let next = await generation.next();
  for (; !next.done; next = await generation.next()) {
    const { shares, intervention, ...step } = next.value;
    const { strength } = steering;
    const row = step.position - 1;
    const target = intervention?.target ?? [];
    ids.push(step.id);
    assistant += step.text;
    if (strength !== null) strengths.push(strength);
    if (shares.target !== null) {
      meter.add(shares.target, row, target);
      steering.measured(row, shares.target);
    }
    const { spans, places } = watchedAt(step.position);
    partMeter.add(shares.spans!, row, places); // spans are requested with every answer
    observe?.({ position: step.position, spans, watched: places.slice(PARTS.length), shares });
    yield {
      ...step,
      strength,
      shares: {
        target:
          shares.target !== null && seesTarget(inMean.window, row, target)
            ? meanShare(inMean, shares.target)
            : null,
        // Averaged on access: a caller that does not read them, such as a study, should not pay for them at every token.
        get spans() {
          return spanShares(spans, shares.spans, grid);
        },
      },
    };
  }
  if (ids.length === 0) return null;
  const { finish, rest, receipt, timing } = next.value;
  return {
    ...turn,
    assistant: assistant + rest,
    ids,
    finish,
    strength: strengths.length === 0 ? null : { first: strengths[0]!, last: strengths.at(-1)! },
    begun: Math.min(begin.length, ids.length),
    strengths: steering.live ? strengths : null,
    measuring: steering.measuring,
    notice: steering.notice,
    shares: meter.mean(),
    parts: partMeter.means(),
    receipt,
    timing,
  };
}
