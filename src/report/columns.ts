/** Lines of at most `width` characters, broken between words where there is a place to, and at the text's own ends. */
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

/** A line of a column, and how it is to be painted once its place is known. */
export interface ColumnLine {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/**
 * Two columns of lines with a rule between them; the shorter one is filled up with nothing.
 * @param width of each column; no line is longer
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
