import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { visibleLine } from '../../visible.js';

/** Whether questions can be asked: the user reads standard error on a terminal and types on one. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Whether a dialogue can be typed: standard input and output are a terminal. */
export const canType = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true;

/** Asks a question on standard error. Returns the typed line; an empty one after Ctrl-C and Ctrl-D. */
export function ask(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    reader.once('close', () => resolve(''));
    reader.question(visibleLine(question), (answer) => {
      resolve(answer);
      reader.close();
    });
  });
}

/**
 * Opens an editor of typed lines. What is typed goes to the terminal only while `shown` returns true.
 * @param prompt stands in front of the line
 */
export function openLineEditor(prompt: string, shown: () => boolean): Interface {
  const output = new Writable({
    write(chunk, _, done) {
      if (shown()) process.stdout.write(chunk);
      done();
    },
  });
  // readline uses this to wrap long lines.
  Object.defineProperty(output, 'columns', { get: () => process.stdout.columns });
  process.stdout.on('resize', () => output.emit('resize'));
  return createInterface({ input: process.stdin, output, terminal: true, prompt });
}
