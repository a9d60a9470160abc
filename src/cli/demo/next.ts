import { dirname, join } from 'node:path';
import { quoted } from '../terminal/index.js';

/**
 * Returns three commands that run as printed.
 * @param command the name from `commandName`
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
