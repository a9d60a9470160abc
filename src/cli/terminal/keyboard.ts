import { StringDecoder } from 'node:string_decoder';
import { visibleLine } from '../../visible.js';
import type { Editor, EditorOptions } from './editor/editor.js';

// What reads keys is imported when it is needed: most commands read none.

/** Whether questions can be asked: the user reads standard error on a terminal and types on one. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Whether a dialogue can be typed: standard input and output are a terminal. */
export const canType = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true;

/** Asks a question on standard error. Returns the typed line; an empty one after Ctrl-C and Ctrl-D. */
export async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    reader.once('close', () => resolve(''));
    reader.question(visibleLine(question), (answer) => {
      resolve(answer);
      reader.close();
    });
  });
}

/** Asks the terminal to mark pasted text, and to stop doing so. */
const MARK_PASTES = { on: '\u001b[?2004h', off: '\u001b[?2004l' } as const;

/** How long the rest of a control sequence may take before its start counts as the Escape key. */
const ESCAPE_MS = 100;

/** Opens an editor of typed entries on the terminal of this process. Close it when the last entry was read. */
export async function openEditor(
  options: Omit<EditorOptions, 'onSuspend'>,
): Promise<Pick<Editor, 'read'> & { close(): void }> {
  const [{ createEditor }, { createKeyDecoder }] = await Promise.all([
    import('./editor/editor.js'),
    import('./editor/keys.js'),
  ]);
  const { stdin, stdout } = process;
  const decoder = createKeyDecoder();
  const text = new StringDecoder('utf8');
  const start = (): void => {
    stdin.setRawMode(true);
    stdout.write(MARK_PASTES.on);
  };
  const stop = (): void => {
    stdout.write(MARK_PASTES.off);
    stdin.setRawMode(false);
  };
  const editor = createEditor(
    {
      get columns() {
        return stdout.columns || 80;
      },
      get rows() {
        return stdout.rows || 24;
      },
      write: (drawn) => void stdout.write(drawn),
    },
    {
      ...options,
      onSuspend() {
        stop();
        process.once('SIGCONT', () => {
          start();
          editor.refresh();
        });
        process.kill(process.pid, 'SIGTSTP');
      },
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const onData = (chunk: Buffer): void => {
    clearTimeout(timer);
    for (const key of decoder.push(text.write(chunk))) editor.press(key);
    if (decoder.waits) timer = setTimeout(decoder.drop, ESCAPE_MS);
  };
  stdin.on('data', onData).on('end', editor.end);
  stdout.on('resize', editor.refresh);
  process.on('exit', stop);
  start();
  return {
    read: editor.read,
    close() {
      clearTimeout(timer);
      stdin.off('data', onData).off('end', editor.end).pause();
      stdout.off('resize', editor.refresh);
      process.off('exit', stop);
      stop();
    },
  };
}
