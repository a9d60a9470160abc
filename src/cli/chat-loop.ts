import { createInterface } from 'node:readline';
import type { ChatRoom } from './chat-room.js';
import { PROMPT } from './chat-text-view.js';
import type { ChatView } from './chat-view.js';

/** Takes the lines of standard input, one after the other, until they end. */
export async function takePipedLines(room: ChatRoom, begin: () => Promise<void>): Promise<void> {
  const reader = createInterface({ input: process.stdin });
  const lines = reader[Symbol.asyncIterator]();
  await begin();
  for await (const line of lines) {
    await room.take(line);
    if (room.ended) break;
  }
  reader.close();
}

/** Takes what is typed on a terminal. Ctrl-C stops an answer, twice at the prompt the chat; Ctrl-D ends it. */
export async function takeTypedLines(
  room: ChatRoom,
  view: ChatView,
  begin: () => Promise<void>,
): Promise<void> {
  const reader = createInterface({ input: process.stdin, output: process.stdout, prompt: PROMPT });
  const lines = reader[Symbol.asyncIterator]();
  let warned = false;
  reader.on('SIGINT', () => {
    if (room.interrupt()) return;
    if (warned) {
      reader.close();
      return;
    }
    warned = true;
    process.stdout.write('\n');
    view.note('Ctrl-C again, or Ctrl-D, ends the chat');
    reader.prompt();
  });
  // Ctrl-D in the middle of an answer does not wait for its end.
  reader.on('close', () => room.interrupt());
  await begin();
  reader.prompt();
  for await (const line of lines) {
    warned = false;
    await room.take(line);
    if (room.ended) break;
    reader.prompt();
  }
  reader.close();
  process.stdout.write('\n');
}
