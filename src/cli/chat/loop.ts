import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ChatRoom } from './room.js';
import { PROMPT } from './text-view.js';
import type { ChatView } from './view.js';

/**
 * Takes the lines of standard input, one after the other, until they end.
 * @param begin what comes before the first
 */
export async function takePipedLines(room: ChatRoom, begin: () => Promise<void>): Promise<void> {
  const reader = createInterface({ input: process.stdin });
  // Asked for before anything is awaited: lines that came until then would be lost.
  const lines = reader[Symbol.asyncIterator]();
  await begin();
  for await (const line of lines) {
    await room.take(line);
    if (room.ended) break;
  }
  reader.close();
}

/**
 * Takes what is typed on a terminal. Ctrl-C stops an answer, twice at the prompt the chat; Ctrl-D ends it. What is
 * typed while an answer comes is not shown in the middle of it, and has its turn after it.
 */
export async function takeTypedLines(
  room: ChatRoom,
  view: ChatView,
  begin: () => Promise<void>,
): Promise<void> {
  let busy = true;
  let closed = false;
  let warned = false;
  /** Lines that were typed while another was answered, and not shown. */
  let unseen = 0;
  const reader = createInterface({
    input: process.stdin,
    output: echo(() => !busy),
    terminal: true,
    prompt: PROMPT,
  });
  reader.on('line', () => {
    if (busy) unseen++;
  });
  reader.on('SIGINT', () => {
    if (room.interrupt()) return;
    if (warned) {
      reader.close();
      return;
    }
    warned = true;
    // What stands in the line is given up, as in a shell.
    for (const name of ['e', 'u']) reader.write(null, { ctrl: true, name });
    process.stdout.write('\n');
    view.note('Ctrl-C again, or Ctrl-D, ends the chat');
    reader.prompt();
  });
  reader.on('close', () => {
    closed = true;
    // Ctrl-D in the middle of an answer does not wait for its end.
    room.interrupt();
  });

  const lines = reader[Symbol.asyncIterator]();
  const idle = (): void => {
    // Another line is waiting: it is no time to show what is being typed.
    if (unseen > 0) return;
    busy = false;
    // With the cursor where it is: half a line may have been typed by now.
    if (!closed) reader.prompt(true);
  };
  await begin();
  idle();
  for await (const line of lines) {
    if (closed) break;
    busy = true;
    warned = false;
    if (unseen > 0) {
      unseen--;
      process.stdout.write(`${PROMPT}${line}\n`);
    }
    await room.take(line);
    if (room.ended) break;
    idle();
  }
  reader.close();
  process.stdout.write('\n');
}

/** The terminal, as what is typed is to be shown on it: or not, for the time being. */
function echo(shown: () => boolean): Writable {
  const output = new Writable({
    write(chunk, _, done) {
      if (shown()) process.stdout.write(chunk);
      done();
    },
  });
  // By which readline wraps long lines.
  Object.defineProperty(output, 'columns', { get: () => process.stdout.columns });
  process.stdout.on('resize', () => output.emit('resize'));
  return output;
}
