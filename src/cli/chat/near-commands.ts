import { nearest } from '../../nearest.js';

/** What other programs call a command. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  bye: 'quit',
  exit: 'quit',
  q: 'quit',
  reset: 'clear',
  read: 'file',
  regenerate: 'retry',
  regen: 'retry',
  '?': 'help',
};

/** Returns the commands that begin with this name; else the one that other programs call so, or that is spelt almost so. */
export function nearCommands(name: string, names: readonly string[]): string[] {
  const lower = name.toLowerCase();
  const begun = lower === '' ? [] : names.filter((known) => known.startsWith(lower));
  if (begun.length > 0) return begun;
  const meant = Object.hasOwn(ELSEWHERE, lower) ? ELSEWHERE[lower]! : nearest(lower, names);
  return meant === null ? [] : [meant];
}
