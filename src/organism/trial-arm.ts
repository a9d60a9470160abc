import { resolveTarget } from '../attention/index.js';
import { layoutPrompt, type PolicyOptions } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Moment, TokenRange } from '../text/index.js';
import type { Trial } from './trial.js';

/** An arm of a trial: one setting of the policy. */
export interface TrialArm {
  readonly name: string;
  readonly settings: PolicyOptions & {
    readonly layers?: readonly number[];
    readonly heads?: readonly number[];
  };
  /** Default: `message`. `sink` and `after` are controls: the first token, and the span after the prefix. */
  readonly target?: keyof TrialSpans;
}

/** Spans of a trial's dialogue that stay the same from the first round on. */
export interface TrialSpans {
  /** The system message with its role header. */
  readonly message: TokenRange;
  /** The tokens up to the end of the system message, including the first token (Li et al. 2024). */
  readonly prefix: TokenRange;
  /** The first token. */
  readonly sink: TokenRange;
  /** The tokens directly after the prefix, as many as it has. */
  readonly after: TokenRange;
}

/**
 * Returns the spans of a trial's dialogue.
 * @throws HoldfastError `E_TEMPLATE` if the model has no chat template, or one that does not write the system message first
 */
export function spansOf(model: Model, { system, rounds }: Trial, now: Moment): TrialSpans {
  if (model.format === null) throw new HoldfastError('E_TEMPLATE', `${model.name} has no chat template`);
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: rounds[0]!.user },
  ] as const;
  const prompt = layoutPrompt(model.format, messages, { trustContent: false, now });
  const [prefix, ...others] = resolveTarget({ kind: 'prefix' }, prompt);
  const [message] = resolveTarget({ kind: 'message' }, prompt);
  if (others.length > 0) {
    throw new HoldfastError('E_TEMPLATE', `the chat template of ${model.name} writes other messages first`, {
      hint: 'Use a model whose chat template writes the system message first',
    });
  }
  const { end } = prefix!;
  return {
    message: message!,
    prefix: { start: 0, end },
    sink: { start: 0, end: 1 },
    after: { start: end, end: 2 * end },
  };
}

/** Returns the tokens that an arm's policy acts on. */
export function targetOf({ target = 'message' }: TrialArm, spans: TrialSpans): TokenRange {
  return spans[target];
}
