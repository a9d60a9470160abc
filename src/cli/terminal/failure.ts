import { CommanderError } from 'commander';
import { type ErrorCode, HoldfastError, messageOf } from '../../errors.js';

/** Exit codes other than 1. A shell reports 130 for a command that Ctrl-C stopped. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = { E_USAGE: 2, E_ABORTED: 130 };

/** An error's message for the terminal, and the exit code. */
export interface Failure {
  /** Null when the message has been written already. */
  readonly message: string | null;
  readonly exitCode: number;
}

/**
 * Returns an error as one line. A file with several problems gets one more line for each, `file:line:column problem`,
 * which editors can follow. With `debug`, returns the stack trace and the causes instead.
 */
export function explain(error: unknown, debug: boolean): Failure {
  if (error instanceof CommanderError) {
    // Commander has already written its message. --help and --version exit with 0; all else is a usage error.
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
  const message = oneLine(messageOf(error));
  const hint =
    error instanceof HoldfastError ? '' : ' (unexpected error; run with --debug for the stack trace)';
  return { message: `error: ${message}${hint}`, exitCode };
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** Joins a message into one line, so that logs and scripts can rely on it. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
