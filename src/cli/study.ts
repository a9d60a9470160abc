import type { Command } from 'commander';
import type { Study } from '../study/index.js';
import { registerStudyMerge } from './study-merge.js';
import { registerStudyRun } from './study-run.js';
import { registerStudyStatus } from './study-status.js';

/** What running a study needs beyond this command. */
export interface StudyParts {
  /** Reads a specification and finds what it names; `models` gives models by name another path. */
  readonly openStudy: (file: string, models: Readonly<Record<string, string>>) => Promise<Study>;
  /** A module that exports `open` as OpenCells. */
  readonly cells: URL;
}

/** Adds the commands that run studies and keep their folders to `study`. */
export function registerStudyRuns(study: Command, parts: StudyParts): void {
  registerStudyRun(study, parts);
  registerStudyStatus(study);
  registerStudyMerge(study);
}
