import { basename, dirname, join, relative, sep } from 'node:path';

/** How the command was started, so that what is printed runs as it stands: from a clone, by npx, or installed. */
export function commandName(script: string, cwd: string): string {
  if (basename(script) === 'main.js') return `node ${quoted(relative(cwd, script))}`;
  return script.split(sep).includes('node_modules') ? 'npx holdfast' : 'holdfast';
}

/**
 * Three commands that run as they are printed.
 * @param command as `commandName` gives it
 * @param dialogue a file with the dialogue's messages
 */
export function nextCommands(command: string, dialogue: string): string[] {
  const trace = join(dirname(dialogue), 'trace.safetensors');
  return [
    `${command} chat --load ${quoted(dialogue)} --hold --compare`,
    `${command} tokens --chat ${quoted(dialogue)}`,
    `${command} trace --chat ${quoted(dialogue)} --policy split-softmax --strength 0.6 --out ${quoted(trace)}`,
  ];
}

/** As a shell reads it back. */
export function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
