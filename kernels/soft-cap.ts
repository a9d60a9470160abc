/** WGSL for tanh(x). The tanh of some drivers returns NaN for large arguments; at 15 it is already 1 in f32. */
export const tanh = (x: string): string => `tanh(clamp(${x}, -15.0, 15.0))`;

/** WGSL for c·tanh(x/c), or x itself if there is no cap. */
export const softCap = (x: string, cap: number | null): string =>
  cap === null ? x : `${cap} * ${tanh(`(${x}) / ${cap}`)}`;
