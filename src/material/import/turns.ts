import { z } from 'zod';
import { textUpTo } from '../schema.js';
import { type Entry, readEntry, refuseTwins } from './entries.js';
import { countReasons, type ImportedFile } from './imported.js';

/** Longest message of a scripted user. */
const MAX_MESSAGE = 4000;
const text = textUpTo(1_000_000);

const structured = z.object({
  conv_task: text,
  whole_conv: z
    .array(z.object({ 'user prompt': text }))
    .min(1)
    .max(500),
});

/** Reads StructFlowBench.json: users who go through a planned flow of turns. Each kind of task becomes a script. */
export function readStructFlow(entries: readonly Entry[]): ImportedFile {
  const users = entries.map((entry) => {
    const { conv_task, whole_conv } = readEntry(structured, entry);
    const task = conv_task.split(':')[0]!.trim();
    return { script: task, said: whole_conv.map((turn) => turn['user prompt']) };
  });
  return scriptsOf(users, (task) => `${task}, in the planned turns of StructFlowBench.`);
}

const sharded = z.object({
  task_id: z.string().min(1),
  task: text,
  // The schema in the published README calls the text of a shard `shard_text`; the file and the code call it `shard`.
  shards: z
    .array(z.object({ shard: text }))
    .min(1)
    .max(500),
});

/**
 * Reads Lost in Conversation's sharded instructions: users who reveal a task bit by bit. Each kind of task becomes a
 * script, in which the user says the shards as they are written.
 */
export function readSharded(entries: readonly Entry[]): ImportedFile {
  const rows = entries.map((entry) => readEntry(sharded, entry));
  refuseTwins(
    entries,
    'task_id',
    rows.map(({ task_id }) => task_id),
  );
  const users = rows.map(({ task, shards }) => ({ script: task, said: shards.map(({ shard }) => shard) }));
  return scriptsOf(users, (task) => `Reveals a task bit by bit, as in Lost in Conversation (${task}).`);
}

/** Returns one script for each name. Dialogues that repeat another are skipped. */
function scriptsOf(
  users: readonly { readonly script: string; readonly said: readonly string[] }[],
  styleOf: (name: string) => string,
): ImportedFile {
  const seen = new Set<string>();
  const reasons: string[] = [];
  const kept = users.filter(({ script, said }) => {
    const content = JSON.stringify([script, said]);
    const isLong = said.some(({ length }) => length > MAX_MESSAGE);
    if (isLong) reasons.push(`dialogues with a message of more than ${MAX_MESSAGE} characters`);
    else if (seen.has(content)) reasons.push('dialogues that repeat another');
    const isNew = !isLong && !seen.has(content);
    seen.add(content);
    return isNew;
  });
  return {
    scripts: [...new Set(kept.map(({ script }) => script))].map((script) => ({
      name: nameFrom(script),
      style: styleOf(script),
      dialogues: kept.filter((user) => user.script === script).map(({ said }) => said),
    })),
    skipped: countReasons(reasons),
  };
}

/** Returns a title as a file name: `Fact-based Q&A` is `fact-based-q-a`. */
const nameFrom = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'script';
