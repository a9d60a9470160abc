/**
 * Notes: what the user should know but need not act on, such as a field of a model's file that is wrong and ignored.
 * Notes about a file name it, so each is told once per file to whoever receives notes.
 */
import { visibleLine } from './visible.js';

const told = new Set<string>();

type Tell = (note: string) => void;

/**
 * Tells a note as a warning of the process, which programs can listen to and Node writes to stderr; in a browser, on the
 * console.
 */
const warn: Tell = (note) => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  const line = visibleLine(note); // the console of Deno is a terminal too
  if (process?.emitWarning === undefined) console.warn(line);
  else process.emitWarning(line, 'HoldfastNote');
};

let tell: Tell = warn;

/** Tells notes, except those that were told before. */
export function tellNotes(notes: Iterable<string>): void {
  for (const note of notes) {
    if (told.has(note)) continue;
    told.add(note);
    tell(note);
  }
}

/** Sets where notes go, instead of the warnings of the process or the console of a browser. It has been told none yet. */
export function sendNotesTo(receive: Tell): void {
  tell = receive;
  told.clear();
}
