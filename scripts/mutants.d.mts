/** A fault to put into the sources, see mutants.mjs. */
export interface Mutant {
  readonly name: string;
  /** The suite that must fail. */
  readonly suite: string;
  readonly file: string;
  /** A text that occurs once in the file, and what takes its place. */
  readonly find: string;
  readonly put: string;
}

export const MUTANTS: readonly Mutant[];

/** The command of each suite. */
export const SUITES: Readonly<Record<string, readonly string[]>>;
