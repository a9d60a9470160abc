import { HoldfastError } from '../errors.js';
import type { ChoosingRow } from './passes.js';
import type { AdvanceOptions, Session } from './session.js';

/**
 * Classifier-free guidance (Sanchez et al. 2023, arXiv 2306.17806): an answer is led away from what the model would say
 * without a part of its prompt.
 */
export interface Guidance {
  /** A session of its own, for the prompt without that part and the same answer. */
  readonly session: Session;
  readonly prompt: readonly number[];
  /** γ. */
  readonly scale: number;
}

const GREATEST_SCALE = 100;

/** @throws HoldfastError `E_SAMPLING` when γ is out of range */
export function checkGuidance(scale: number): void {
  if (scale >= 1 && scale <= GREATEST_SCALE) return;
  throw new HoldfastError('E_SAMPLING', `guidance takes γ from 1 to ${GREATEST_SCALE}, not ${scale}`, {
    field: 'guidance',
  });
}

/**
 * γ·l − (γ − 1)·l′, equation 7 of the paper. It combines logits where the paper has log-probabilities: these differ by a
 * constant in each row, so the distribution is the same, and γ = 1 gives the very logits.
 * @param logits with the whole prompt, `[vocab]`
 * @param without without the part of it, `[vocab]`
 */
export function guidedLogits(logits: Float32Array, without: Float32Array, scale: number): Float32Array {
  return logits.map((logit, id) => scale * logit - (scale - 1) * without[id]!);
}

/**
 * Puts the prompt of the second session in place, short of its last token.
 * @returns how many tokens of it were there already
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
 * A row that chooses by guided logits, of the token before it in both sessions. The second session goes first and is taken
 * back where the first fails, so that both always hold the same tokens of the answer.
 * @param id the token before it in the second session
 * @param choosing the pass of the first session
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
