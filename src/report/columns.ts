/** Wraps text into lines of at most `width` characters: at its own line ends, between words, or inside long words. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => wrapLine(paragraph, width));
}

function wrapLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = Array.from(text);
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 ? space : width;
    lines.push(rest.slice(0, end).join(''));
    rest = rest.slice(space > 0 ? end + 1 : end);
  }
  return [...lines, rest.join('')];
}

/** A line of a column. */
export interface ColumnLine {
  readonly text: string;
  /** Adds colour, after the line has been padded by its plain length. */
  readonly paint?: (text: string) => string;
}

/**
 * Sets two columns of lines side by side with a rule between them. The shorter column is padded with empty lines.
 * @param width of each column, in characters; no line may be longer
 */
export function sideBySide(
  left: readonly ColumnLine[],
  right: readonly ColumnLine[],
  width: number,
): string[] {
  const painted = ({ text, paint = (same) => same }: ColumnLine, room: number): string =>
    paint(text) + ' '.repeat(Math.max(0, room - Array.from(text).length));
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) => {
    const first = painted(left[row] ?? { text: '' }, width);
    return `${first} │ ${painted(right[row] ?? { text: '' }, 0)}`.trimEnd();
  });
}
