import { CommanderError } from 'commander';
import { type ErrorCode, HoldfastError } from '../../errors.js';

/** Where it is not 1; who stops a command gets what a shell says of one that Ctrl-C ended. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = { E_USAGE: 2, E_ABORTED: 130 };

/** What a person sees of an error, and the exit code it ends with. */
export interface Failure {
  /** Null when it has been written already. */
  readonly message: string | null;
  readonly exitCode: number;
}

/**
 * One line for a person, and one a problem where a file has several: `file:line:column what`, as editors take it. With
 * `debug`, the stack trace and what caused it.
 */
export function explain(error: unknown, debug: boolean): Failure {
  if (error instanceof CommanderError) {
    // Commander has written its message. Help and version asked for end with 0, everything else is usage.
    return { message: null, exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  const exitCode = (error instanceof HoldfastError ? EXIT_CODES[error.code] : undefined) ?? 1;
  if (debug) return { message: stackOf(error), exitCode };
  if (error instanceof HoldfastError && error.problems.length > 1) {
    const lines = error.problems.map((problem) => oneLine(`${error.file}:${problem}`));
    return {
      message: [`error: ${error.code}: ${error.problems.length} problems`, ...lines].join('\n'),
      exitCode,
    };
  }
  const message = oneLine(error instanceof Error ? error.message : String(error));
  const hint =
    error instanceof HoldfastError ? '' : ' (an unforeseen error; --debug shows where it comes from)';
  return { message: `error: ${message}${hint}`, exitCode };
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** A message on one line, so that logs and scripts can rely on it. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
