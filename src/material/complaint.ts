import { HoldfastError } from '../errors.js';

/** The place of an error in a file. */
export interface Place {
  readonly file: string;
  /** Line number, from 1. */
  readonly line?: number;
  readonly field?: string;
}

/** Returns an `E_MATERIAL` error, with line and field where they are known. */
export function materialError(problem: string, place: Place, hint?: string): HoldfastError {
  const { file, line, field } = place;
  return new HoldfastError('E_MATERIAL', line === undefined ? problem : `line ${line}: ${problem}`, {
    file,
    ...(field === undefined || field === '' ? {} : { field }),
    ...(hint === undefined ? {} : { hint }),
  });
}
