/** Returns the line that says of a cell's file that it was damaged, why, and the name that it was given. */
export const damageText = (file: string, damage: string, aside: string): string =>
  `damaged: ${file} (${damage}); it was renamed to ${aside} and its cell is computed again`;
