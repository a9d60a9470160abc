import { logSumExp } from '../executors/index.js';

/**
 * Returns the Kullback–Leibler divergence of two distributions in nats, each given as logits `[vocab]`:
 *
 *   D_KL(p ‖ q) = Σ_v p(v) · (log p(v) − log q(v))
 *
 * Equal logits give exactly 0.
 * @throws HoldfastError `E_EXECUTOR` if a row contains NaN or infinity
 */
export function klDivergence(p: Float32Array, q: Float32Array): number {
  const [ofP, ofQ] = [logSumExp(p), logSumExp(q)];
  let sum = 0;
  for (let id = 0; id < p.length; id++) {
    const logP = p[id]! - ofP;
    sum += Math.exp(logP) * (logP - (q[id]! - ofQ));
  }
  return sum;
}
