import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../errors.js';
import { namesIn, readIfThere } from '../../files/index.js';
import { packageFile } from '../../package.js';
import type { StudyDialogue, StudyEvent, StudySource } from '../../studio/index.js';
import { type DialogueRecord, type PlannedCell, readCell, studyPath, watchStudy } from '../../study/index.js';
import { decodeUtf8 } from '../../utf8.js';

/** How often a study's folder is looked at. */
const EVERY_MS = 1000;

const reportIn = (folder: string): string => join(folder, 'report', 'index.html');

/** The studies of a folder, for the studio's page. */
export interface LocalStudies extends StudySource {
  /** Returns the report that was written for a study; null for none, and for a name that is not a study here. */
  reportText(study: string): Promise<string | null>;
}

/**
 * Returns the studies in a folder: those that `study run` wrote into it, or the one whose folder it is. Names that the page
 * sends are looked up among these, and open nothing else.
 */
export function localStudies(folder: string): LocalStudies {
  async function studies(): Promise<readonly string[]> {
    if (await isStudy(folder)) return ['.'];
    const names = await namesIn(folder);
    const are = await Promise.all(names.map((name) => isStudy(join(folder, name))));
    return names.filter((_, at) => are[at]).sort();
  }
  async function pathOf(study: string): Promise<string> {
    if ((await studies()).includes(study)) return join(folder, study);
    throw new HoldfastError('E_NOT_FOUND', `there is no study of the name ${study}`, {
      file: folder,
      hint: 'Name the folder that has it: holdfast studio --studies FOLDER',
    });
  }
  return {
    studies,
    async watch(study, report, signal) {
      const path = await pathOf(study);
      let writtenMs: number | null | undefined;
      for await (const news of watchStudy(path, { everyMs: EVERY_MS, signal })) {
        report(news.kind === 'study' ? planEvent(news.file.name, news.plan) : news);
        const now = await writtenAt(reportIn(path));
        if (now !== writtenMs) report({ kind: 'report', writtenMs: now });
        writtenMs = now;
      }
    },
    async dialogue(study, address) {
      const cell = await readCell(await pathOf(study), address);
      if (cell.kind === 'kept' && cell.record.kind === 'dialogue') return shownDialogue(cell.record);
      throw new HoldfastError('E_NOT_FOUND', 'this dialogue is not there yet, or has failed');
    },
    report: async (study, signal) => writeReport(await pathOf(study), signal),
    async reportText(study) {
      if (!(await studies()).includes(study)) return null;
      return readIfThere(reportIn(join(folder, study)));
    },
  };
}

const isStudy = async (folder: string): Promise<boolean> => (await writtenAt(studyPath(folder))) !== null;

/** Returns when a file was written; null if there is none, or if it cannot be looked at: that must not hide other studies. */
async function writtenAt(file: string): Promise<number | null> {
  const found = await stat(file).catch(() => null);
  return found?.isFile() ? found.mtimeMs : null;
}

function planEvent(name: string, plan: readonly PlannedCell[]): StudyEvent {
  const cells = plan.map(({ address, kind, labels: { model, source, arm, seed, index } }) => ({
    ...{ address, kind, model, source, arm, seed, index },
  }));
  return { kind: 'plan', name, cells };
}

/** Returns what the page shows of a dialogue. */
function shownDialogue({ scenario, group, system, rounds }: DialogueRecord): StudyDialogue {
  return {
    ...{ scenario, group, system },
    rounds: rounds.map(
      ({ round, user, answer, finished, contextTokens, strength, notice, share, probes }) => ({
        ...{ round, user, answer, finished, contextTokens, strength, notice },
        share: { before: share.before, after: share.after },
        probes: probes.map(({ label, question, answer: said, score }) => ({
          ...{ label, question, answer: said, score },
        })),
      }),
    ),
  };
}

/**
 * Writes the report of a study by the command for it, in a process of its own: it takes seconds of pure computation, and
 * answers go on meanwhile.
 */
function writeReport(folder: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = [packageFile('dist/cli/main.js'), 'study', 'report', folder];
    const writing = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'], signal });
    const said: Buffer[] = [];
    writing.stderr.on('data', (bytes: Buffer) => said.push(bytes));
    writing.once('error', reject);
    writing.once('close', (code) => {
      if (code === 0) return resolve();
      const why = decodeUtf8(Buffer.concat(said), 'the command').trim();
      reject(new HoldfastError('E_UNREADABLE', `the report cannot be written: ${why}`));
    });
  });
}
