import { textLines } from '../../files/index.js';
import { STANDARD_INPUT } from '../options/index.js';
import { openLineEditor, stdout } from '../terminal/index.js';
import type { ChatRoom } from './room.js';
import { PROMPT } from './text-view.js';
import type { ChatView } from './view.js';

/**
 * Passes the lines of standard input to the chat, one by one, until they end.
 * @param begin runs before the first line
 * @throws HoldfastError `E_UNREADABLE` at the first line that is not UTF-8
 */
export async function takePipedLines(room: ChatRoom, begin: () => Promise<void>): Promise<void> {
  await begin();
  for await (const line of textLines(process.stdin, STANDARD_INPUT)) {
    await room.take(line);
    if (room.ended) break;
  }
}

/**
 * Passes lines typed on a terminal to the chat. Ctrl-C stops an answer; twice at the prompt, it ends the chat. Ctrl-D also
 * ends it. Lines typed during an answer are not shown until the answer is complete, and are handled then.
 */
export async function takeTypedLines(
  room: ChatRoom,
  view: ChatView,
  begin: () => Promise<void>,
): Promise<void> {
  let busy = true;
  let closed = false;
  let warned = false;
  /** Number of lines typed during an answer and not yet shown. */
  let unseen = 0;
  const reader = openLineEditor(PROMPT, () => !busy);
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
    // Clear the line, as a shell does.
    for (const name of ['e', 'u']) reader.write(null, { ctrl: true, name });
    stdout.text('\n');
    view.note('Press Ctrl-C again, or Ctrl-D, to end the chat');
    reader.prompt();
  });
  reader.on('close', () => {
    closed = true;
    // Ctrl-D during an answer stops it.
    room.interrupt();
  });

  const lines = reader[Symbol.asyncIterator]();
  const idle = (): void => {
    // Another line is waiting, so do not show typed text yet.
    if (unseen > 0) return;
    busy = false;
    // Keep the cursor, because part of a line may already have been typed.
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
      stdout.lines([`${PROMPT}${line}`]);
    }
    await room.take(line);
    if (room.ended) break;
    idle();
  }
  reader.close();
  stdout.text('\n');
}
