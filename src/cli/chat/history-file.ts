import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isMissing, messageOf } from '../../errors.js';
import { makeFolder, readTextNow, writeWhole } from '../../files/index.js';
import { stateFolder } from '../user-folders.js';

/** Entries that are kept; older ones are forgotten. */
const MOST = 1000;

/** What was typed in earlier chats. */
export interface HistoryFile {
  /** Oldest first. */
  readonly entries: readonly string[];
  /** Appends an entry. Several chats may append at the same time. */
  add(entry: string): void;
}

/**
 * Opens the history of chats, a file that only its owner can read: one JSON string a line.
 * @param warn is told, at most once, why the history is not kept
 */
export async function openHistory(warn: (why: string) => void): Promise<HistoryFile> {
  const file = join(stateFolder(), 'chat-history.jsonl');
  let kept = true;
  const attempt = <T>(action: () => T): T | null => {
    try {
      return kept ? action() : null;
    } catch (error) {
      kept = false;
      warn(`what you type is not remembered: ${messageOf(error)}`);
      return null;
    }
  };
  const entries = attempt(() => readEntries(file)) ?? [];
  try {
    await makeFolder(dirname(file));
    if (entries.length > 2 * MOST) {
      const lines = entries.slice(-MOST).map((entry) => `${JSON.stringify(entry)}\n`);
      await writeWhole(file, [new TextEncoder().encode(lines.join(''))]);
    }
  } catch (error) {
    attempt(() => {
      throw error;
    });
  }
  return {
    entries: entries.slice(-MOST),
    add: (entry) => void attempt(() => appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 })),
  };
}

/** Reads the entries of a file. Skips lines that are none: a chat that was killed may have left half a line. */
function readEntries(file: string): string[] {
  try {
    return readTextNow(file)
      .split('\n')
      .flatMap((line) => {
        const entry = z.string().safeParse(parsed(line));
        return entry.success ? [entry.data] : [];
      });
  } catch (error) {
    if (error instanceof Error && (isMissing(error) || isMissing(error.cause))) return [];
    throw error;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
