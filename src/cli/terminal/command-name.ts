import { basename, relative, sep } from 'node:path';

/** Returns the command as it was started (from a clone, by npx, or installed), so that printed commands can be run. */
export function commandName(script: string, cwd: string): string {
  if (basename(script) === 'main.js') return `node ${quoted(relative(cwd, script))}`;
  return script.split(sep).includes('node_modules') ? 'npx holdfast' : 'holdfast';
}

/** Quotes text for a shell where needed. */
export function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
