import { basename, relative, sep } from 'node:path';

/** How the command was started, so that what is printed runs as it stands: from a clone, by npx, or installed. */
export function commandName(script: string, cwd: string): string {
  if (basename(script) === 'main.js') return `node ${quoted(relative(cwd, script))}`;
  return script.split(sep).includes('node_modules') ? 'npx holdfast' : 'holdfast';
}

/** As a shell reads it back. */
export function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
