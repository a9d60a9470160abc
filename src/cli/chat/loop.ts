import { textLines } from '../../files/index.js';
import { STANDARD_INPUT } from '../options/index.js';
import { openEditor } from '../terminal/index.js';
import { entryOf, isComplete } from './chat-input.js';
import { openHistory } from './history-file.js';
import type { ChatRoom } from './room.js';
import { completeCommand } from './slash-commands.js';
import { PROMPT } from './text-view.js';
import type { ChatView } from './view.js';

/**
 * Passes the entries of standard input to the chat, one by one, until they end: lines, or several lines in quotes.
 * @param begin runs before the first line
 * @throws HoldfastError `E_UNREADABLE` at the first line that is not UTF-8
 */
export async function takePipedLines(room: ChatRoom, begin: () => Promise<void>): Promise<void> {
  await begin();
  let lines: string[] = [];
  for await (const line of textLines(process.stdin, STANDARD_INPUT)) {
    lines.push(line);
    const entry = lines.join('\n');
    if (!isComplete(entry)) continue;
    lines = [];
    await room.take(entry);
    if (room.ended) return;
  }
  if (lines.length > 0) await room.take(lines.join('\n'));
}

/**
 * Passes entries typed on a terminal to the chat. Ctrl-C stops an answer; twice at the prompt, it ends the chat. Ctrl-D also
 * ends it. Entries typed during an answer are not shown until the answer is complete, and are handled then.
 */
export async function takeTypedLines(
  room: ChatRoom,
  view: ChatView,
  begin: () => Promise<void>,
): Promise<void> {
  const history = await openHistory(view.note);
  const editor = await openEditor({
    prompt: PROMPT,
    history: history.entries,
    onEntry: history.add,
    entryOf,
    complete: completeCommand,
    onInterrupt: room.interrupt,
    onFirstInterrupt: () => view.reply('Press Ctrl-C again, or Ctrl-D, to end the chat.'),
    // Ctrl-D during an answer stops it.
    onEnd: () => void room.interrupt(),
  });
  try {
    await begin();
    while (!room.ended) {
      const entry = await editor.read();
      if (entry === null) break;
      await room.take(entry);
    }
  } finally {
    editor.close();
  }
}
