import { stderr } from './output.js';

/** How much a command writes to standard error. */
export interface Verbosity {
  /** Whether to write only errors: no notes, no progress. */
  readonly quiet: boolean;
  /** Whether to write stack traces and figures for developers. */
  readonly debug: boolean;
}

let current: Verbosity = { quiet: false, debug: false };

/** Sets how much is written, from the options of the command line. */
export function setVerbosity(verbosity: Verbosity): void {
  current = verbosity;
}

/** Returns how much is written. */
export const verbosity = (): Verbosity => current;

/** Writes what the user should know but need not act on, unless the command is to be quiet. */
export function note(text: string): void {
  if (!current.quiet) stderr.lines([`note: ${text}`]);
}
