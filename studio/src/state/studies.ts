import { computed, signal } from '@preact/signals';
import { messageOf } from '../../../src/errors.js';
import type { StudyCell, StudyDialogue, StudyEvent } from '../../../src/studio/study-protocol.js';
import { engine } from './engine.js';
import { afterEvent, type OpenStudy } from './open-study.js';

/** The studies that can be opened; null where there are none to open, undefined until they are known. */
export const studies = signal<readonly string[] | null | undefined>(undefined);

export const study = signal<OpenStudy | null>(null);
/** The name under which it was opened; null for none. */
export const opened = signal<string | null>(null);
/** Why the page cannot follow the study; null if it does. */
export const failure = signal<string | null>(null);
/** Whether a report is being written. */
export const isWriting = signal(false);

/** How long after a failure the page asks again. */
const RETRY_MS = 2000;
let watching: AbortController | null = null;

/** Lists the studies, and opens the one that was open, or the first. */
export async function listStudies(): Promise<void> {
  try {
    studies.value = await engine.run('studies', null);
    failure.value = null;
    const wanted = opened.value ?? studies.value?.[0];
    if (wanted !== undefined && watching === null) void openStudy(wanted);
  } catch (error) {
    failure.value = messageOf(error);
  }
}

/** Opens a study and follows it until another is opened, or none. When the server comes back, so does the study. */
export async function openStudy(name: string): Promise<void> {
  closeStudy();
  const controller = new AbortController();
  watching = controller;
  const { signal } = controller;
  opened.value = name;
  while (!signal.aborted) {
    try {
      const report = (event: StudyEvent): void => {
        if (signal.aborted) return;
        failure.value = null;
        study.value = afterEvent(study.peek(), event);
      };
      await engine.run('study', { study: name }, { signal, report });
    } catch (error) {
      // A study that is no longer followed did not fail.
      if (!signal.aborted) failure.value = messageOf(error);
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Stops following a study. */
export function closeStudy(): void {
  watching?.abort();
  watching = null;
  study.value = null;
  failure.value = null;
  dialogues.value = new Map();
}

/** Writes the report of the study, from the cells that are done. */
export async function writeReport(): Promise<void> {
  const name = opened.value;
  if (name === null || isWriting.value) return;
  isWriting.value = true;
  try {
    await engine.run('report', { study: name });
    // Another study may be open by now.
    if (study.value !== null && opened.value === name) study.value = { ...study.value, reportMs: Date.now() };
  } catch (error) {
    if (opened.value === name) failure.value = messageOf(error);
  } finally {
    isWriting.value = false;
  }
}

/** Dialogues that were read, by the addresses of their cells. */
const dialogues = signal<ReadonlyMap<string, StudyDialogue | string>>(new Map());
/** Those that are being read. */
const reading = new Set<string>();

/** Returns a dialogue, or why it cannot be shown; null while it is read. */
export function dialogueAt(address: string): StudyDialogue | string | null {
  const found = dialogues.value.get(address);
  if (found === undefined) void readDialogue(address);
  return found ?? null;
}

async function readDialogue(address: string): Promise<void> {
  const name = opened.peek();
  if (name === null || reading.has(address)) return;
  reading.add(address);
  const dialogue = await engine.run('dialogue', { study: name, address }).catch(messageOf);
  reading.delete(address);
  if (opened.peek() !== name) return;
  dialogues.value = new Map(dialogues.peek()).set(address, dialogue);
}

/** The groups of a study's dialogues: those that have the same model and source. */
export const sources = computed<readonly string[]>(() => [
  ...new Set((study.value?.cells ?? []).filter(({ kind }) => kind === 'dialogue').map(sourceOf)),
]);

/** Returns what dialogues have in common that can be compared. */
export const sourceOf = ({ model, source }: StudyCell): string => `${model}, ${source}`;
