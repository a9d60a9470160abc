/** A colour as canvas pixels have it. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Reads a colour of the style sheet, `#rrggbb` or the `#rgb` that a build makes of it. */
export function parseColour(text: string): Rgb {
  const digits = text.trim().slice(1);
  const value = Number.parseInt(digits.length === 3 ? digits.replace(/./g, '$&$&') : digits, 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
