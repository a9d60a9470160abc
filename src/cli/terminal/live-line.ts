interface Terminal {
  readonly columns?: number;
  write(text: string): unknown;
}

/** Columns that a line of a terminal may fill, so that it does not wrap; of 80 where it does not say, or says 0. */
export const columnsOf = ({ columns }: Terminal): number => (columns || 80) - 1;

/** Writes a line over the one that stands there. */
export function drawOver(terminal: Terminal, text: string): void {
  terminal.write(`\r\u001b[K${text.slice(0, columnsOf(terminal))}`);
}
