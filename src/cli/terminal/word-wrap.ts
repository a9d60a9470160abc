import { graphemesOf, graphemeWidth, textWidth } from './text-width.js';

/** Breaks a text into lines while it is written. */
export interface WordWrap {
  /** Returns what can be written now. The last word is held back until it is complete. */
  push(text: string): string;
  /** Returns the word that was held back. The next text begins a new line. */
  flush(): string;
}

/**
 * Breaks lines between words so that none is wider than `columns`. Line breaks and the spaces at the start of a line stay.
 * A word that is wider than a line is broken; between wide characters, as of Chinese, a line may always break.
 * @param columns the width of a line; read for every word, because a window can change its size
 * @param indent what each further line of a broken one begins with
 */
export function createWordWrap(columns: () => number, indent = ''): WordWrap {
  /** Columns taken in the current line. */
  let column = 0;
  let spaces = '';
  let word = '';

  /** Takes the current word, and the spaces before it, into the lines. */
  const place = (): string => {
    if (word === '') return '';
    const width = textWidth(word);
    const most = Math.max(1, columns());
    const before = textWidth(spaces);
    let out = '';
    if (column + before + width <= most || column + before === 0) {
      out = spaces;
      column += before;
    } else {
      out = `\n${indent}`;
      column = textWidth(indent);
    }
    for (const grapheme of graphemesOf(word)) {
      const taken = graphemeWidth(grapheme);
      if (column > 0 && column + taken > most) {
        out += `\n${indent}`;
        column = textWidth(indent);
      }
      out += grapheme;
      column += taken;
    }
    spaces = '';
    word = '';
    return out;
  };

  return {
    push(text) {
      let out = '';
      for (const grapheme of graphemesOf(text)) {
        if (/^\r?\n$/.test(grapheme)) {
          out += `${place()}\n`;
          column = 0;
          spaces = '';
        } else if (/^[ \t]$/.test(grapheme)) {
          out += place();
          spaces += grapheme;
        } else {
          if (graphemeWidth(grapheme) > 1 || (word !== '' && graphemeWidth(word) > 1)) out += place();
          word += grapheme;
        }
      }
      return out;
    },
    flush() {
      const out = place();
      column = 0;
      spaces = '';
      return out;
    },
  };
}

/** Breaks the lines of a text between words. */
export function wrapWords(text: string, columns: number, indent = ''): string {
  const wrap = createWordWrap(() => columns, indent);
  return wrap.push(text) + wrap.flush();
}
