import { HoldfastError } from '../errors.js';

/** Where something in a file is wrong. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  readonly field?: string;
}

/** The error for material that is wrong: `E_MATERIAL`, with line and field where they are known. */
export function materialError(problem: string, place: Place, hint?: string): HoldfastError {
  const { file, line, field } = place;
  return new HoldfastError('E_MATERIAL', line === undefined ? problem : `line ${line}: ${problem}`, {
    file,
    ...(field === undefined || field === '' ? {} : { field }),
    ...(hint === undefined ? {} : { hint }),
  });
}
