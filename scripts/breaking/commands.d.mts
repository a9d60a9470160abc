/** What is asked of a command here, see commands.mjs. */
export interface CheckedCommand {
  readonly differs?: (name: string) => boolean;
  readonly check?: (place: Place) => void;
  readonly ends?: RegExp;
  readonly reported?: (text: string, place: Place, contents: Contents) => readonly string[];
}

export interface Place {
  readonly out: string;
}

/** Of each file, by its name, the digests that it may have, that of the end last. */
export type Contents = ReadonlyMap<string, readonly string[]>;

export const COMMANDS: Readonly<
  Record<'study' | 'calibrate' | 'download' | 'measure' | 'chat', CheckedCommand>
>;

export function filesOf(folder: string): Map<string, string>;

export function faultsOf(
  command: CheckedCommand,
  place: Place,
  contents: Contents,
  before?: ReadonlyMap<string, string>,
): { readonly faults: readonly string[]; readonly now: ReadonlyMap<string, string> };

export function faultsAtEnd(command: CheckedCommand, place: Place, contents: Contents): readonly string[];

export function faultsOfWords(
  command: CheckedCommand,
  place: Place,
  contents: Contents,
  text: string,
): readonly string[];
