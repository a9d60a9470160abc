import { dirname, join } from 'node:path';
import { quoted } from '../terminal/index.js';

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
