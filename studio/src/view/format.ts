/** Returns a share as per cent: `16 %`, `1.6 %`, `under 0.1 %`. */
export function percent(share: number): string {
  const value = 100 * share;
  if (value === 0) return '0 %';
  if (value < 0.1) return 'under 0.1 %';
  if (value > 99.9 && value < 100) return 'over 99.9 %';
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} %`;
}

/** Returns a divergence: `0.013 nats`. */
export const nats = (value: number): string => (value < 1e-4 ? 'under 0.0001 nats' : `${short(value)} nats`);

/** Returns a token's text with its spaces and line breaks made visible. */
export function visible(text: string): string {
  return text === '' ? '(end)' : text.replaceAll(' ', '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥');
}

/** Returns a time that is an estimate: `40 s`, `12 min`, `3.5 h`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${short(seconds / 3600)} h`;
}

/** Returns a number without superfluous digits. */
export const short = (value: number): string => String(Number(value.toPrecision(3)));

/** Returns the first and the last of some values, and between them those where they turn: of `1 2 3 1 1`, `1 3 1`. */
export function turningPoints(values: readonly number[]): number[] {
  const points: number[] = [];
  for (const value of values) {
    const [before, last] = [points.at(-2), points.at(-1)];
    if (value === last) continue;
    const goesOn = before !== undefined && Math.sign(value - last!) === Math.sign(last! - before);
    if (goesOn) points.pop();
    points.push(value);
  }
  return points;
}
