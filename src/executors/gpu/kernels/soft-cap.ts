/** c·tanh(x/c), or x itself without a cap. Some drivers' tanh is a NaN where its argument is large. */
export const softCap = (x: string, cap: number | null): string =>
  cap === null ? x : `${cap} * tanh(clamp((${x}) / ${cap}, -15.0, 15.0))`;
