import type { Command } from 'commander';

/** A command of `holdfast`. */
export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  /** Loads the command's module, and returns the function that adds its arguments and options. */
  readonly load: () => Promise<(command: Command) => void>;
}
