import type { textMetrics } from 'vega';

/** The part of a text mark of Vega that its width depends on. */
interface VegaText {
  readonly fontSize?: number;
  /** The largest width: a longer text is cut. */
  readonly limit?: number;
  readonly mark?: { readonly role?: string };
}

// Vega exports this; its types lack it.
declare module 'vega' {
  export const textMetrics: { width: (item: VegaText, text: unknown) => number };
}

/** Widths of a character, in parts of the font's size: Vega's own guess, and that of prose in DejaVu Sans, a wide font. */
const CHARACTER = 0.8;
const CHARACTER_OF_PROSE = 0.6;

/**
 * Lets Vega take titles and subtitles for as wide as they are. Outside a browser it cannot measure text. Its guess is a third
 * too large for prose, and a figure becomes as wide as its texts.
 */
export function setTextWidths(metrics: typeof textMetrics): void {
  metrics.width = ({ fontSize = 11, limit = 0, mark }, text) => {
    const character = mark?.role?.startsWith('title') === true ? CHARACTER_OF_PROSE : CHARACTER;
    const width = Math.trunc(character * String(text ?? '').trim().length * fontSize);
    return limit > 0 ? Math.min(limit, width) : width;
  };
}
