import { HoldfastError } from '../errors.js';
import type { ChoosingRow } from './passes.js';
import type { AdvanceOptions, Session } from './session.js';

/**
 * Classifier-free guidance (Sanchez et al. 2023, arXiv 2306.17806): steers an answer away from what the model would say
 * without part of its prompt.
 */
export interface Guidance {
  /** A second session, for the shorter prompt and the same answer. */
  readonly session: Session;
  /** The prompt without that part. */
  readonly prompt: readonly number[];
  /** γ, from 1; 1 changes nothing, larger is stronger. */
  readonly scale: number;
}

const GREATEST_SCALE = 100;

/**
 * Checks γ.
 * @throws HoldfastError `E_SAMPLING` if it is out of range
 */
export function checkGuidance(scale: number): void {
  if (scale >= 1 && scale <= GREATEST_SCALE) return;
  throw new HoldfastError('E_SAMPLING', `guidance takes γ from 1 to ${GREATEST_SCALE}, not ${scale}`, {
    field: 'guidance',
  });
}

/**
 * Returns γ·l − (γ − 1)·l′, equation 7 of the paper. The paper combines log-probabilities. Logits differ from those by
 * a constant in each row, so the distribution is the same, and γ = 1 returns the logits unchanged.
 * @param logits l, with the whole prompt, `[vocab]`
 * @param without l′, without that part of it, `[vocab]`
 */
export function guidedLogits(logits: Float32Array, without: Float32Array, scale: number): Float32Array {
  return logits.map((logit, id) => scale * logit - (scale - 1) * without[id]!);
}

/**
 * Prefills the second session with its prompt, except for the last token.
 * @returns the number of prompt tokens that were already in the cache
 */
export async function prefillGuidance(
  { session, prompt }: Guidance,
  options: Pick<AdvanceOptions, 'silenced' | 'signal'>,
): Promise<number> {
  const reused = session.reuse(prompt);
  const block = prompt.slice(reused, -1);
  if (block.length > 0) await session.advance(block, { ...options, logits: 'none' });
  return reused;
}

/**
 * Forwards the last token in both sessions and returns a row with guided logits. The second session goes first and is
 * rewound if the first fails, so both always hold the same tokens of the answer.
 * @param id the last token of the second session
 * @param choosing runs the pass of the first session
 */
export async function guidedRow(
  { session, scale }: Guidance,
  id: number,
  choosing: () => Promise<ChoosingRow>,
  options: Pick<AdvanceOptions, 'silenced' | 'signal'>,
): Promise<ChoosingRow> {
  const held = session.length;
  const { logits: without } = await session.advance([id], options);
  try {
    const row = await choosing();
    return { ...row, logits: guidedLogits(row.logits, without, scale) };
  } catch (error) {
    if (!session.disposed) session.rewind(held);
    throw error;
  }
}
