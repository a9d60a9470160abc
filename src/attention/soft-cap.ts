/** c·tanh(x/c), which keeps x between −c and c (Gemma 2, arXiv 2408.00118); x itself without a cap. */
export function softCap(x: number, cap: number | null): number {
  return cap === null ? x : cap * Math.tanh(x / cap);
}
