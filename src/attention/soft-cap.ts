/** Returns c·tanh(x/c), which keeps x between −c and c (Gemma 2, arXiv 2408.00118), or x itself if there is no cap. */
export function softCap(x: number, cap: number | null): number {
  return cap === null ? x : cap * Math.tanh(x / cap);
}
