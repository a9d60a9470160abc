/** tanh of x. Some drivers' own is a NaN where its argument is large; at 15 it is 1 in f32. */
export const tanh = (x: string): string => `tanh(clamp(${x}, -15.0, 15.0))`;

/** c·tanh(x/c), or x itself without a cap. */
export const softCap = (x: string, cap: number | null): string =>
  cap === null ? x : `${cap} * ${tanh(`(${x}) / ${cap}`)}`;
