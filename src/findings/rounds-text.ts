/** Returns `round 3` or `rounds 1–3`. */
export function roundsText([first, last]: readonly [first: number, last: number]): string {
  return first === last ? `round ${first}` : `rounds ${first}–${last}`;
}
