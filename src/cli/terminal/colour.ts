/** ANSI SGR codes that turn a style on; code 0 turns all styles off. */
const CODES = {
  bold: 1,
  dim: 2,
  underline: 4,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
} as const;
export type Style = keyof typeof CODES;

/** Returns the text in the given styles. */
export type Paint = (text: string, ...styles: readonly Style[]) => string;

/** Returns whether a stream shows colours: it is a terminal, and NO_COLOR (no-color.org) is not set. */
export function showsColours(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && (process.env.NO_COLOR ?? '') === '';
}

/** Returns a function that colours text for a stream, or leaves it alone when the stream shows no colours. */
export function painter(stream: { readonly isTTY?: boolean }): Paint {
  if (!showsColours(stream)) return (text) => text;
  return (text, ...styles) => `\u001b[${styles.map((style) => CODES[style]).join(';')}m${text}\u001b[0m`;
}
