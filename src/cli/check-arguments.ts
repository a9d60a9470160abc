import { readFileSync } from 'node:fs';
import { decodeUtf8 } from '../utf8.js';

/**
 * Checks that the arguments of the process are UTF-8. Node replaces other bytes by U+FFFD without notice: a prompt in
 * Latin-1 would lose letters. Only Linux shows the bytes; elsewhere nothing is checked.
 * @throws HoldfastError `E_UNREADABLE` with the offset in the command line
 */
export function checkArguments(): void {
  if (process.platform !== 'linux') return;
  decodeUtf8(readFileSync('/proc/self/cmdline'), 'the command line');
}
