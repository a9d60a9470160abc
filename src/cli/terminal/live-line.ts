/** The part of a terminal stream that is used here. */
interface Terminal {
  readonly columns?: number;
  write(text: string): unknown;
}

/** Returns the columns that a line may fill without wrapping. A terminal of unknown width counts as 80 columns wide. */
export const columnsOf = ({ columns }: Terminal): number => (columns || 80) - 1;

/** Replaces the current line of a terminal. */
export function drawOver(terminal: Terminal, text: string): void {
  terminal.write(`\r\u001b[K${text.slice(0, columnsOf(terminal))}`);
}
