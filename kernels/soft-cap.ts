/** WGSL for c·tanh(x/c), or x itself if there is no cap. The program needs `TANH`. */
export const softCap = (x: string, cap: number | null): string =>
  cap === null ? x : `${cap} * tanh_of((${x}) / ${cap})`;
