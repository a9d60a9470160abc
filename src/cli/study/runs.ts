import type { Command } from 'commander';
import { addStudyMerge } from './merge.js';
import type { StudyParts } from './parts.js';
import { addStudyRun } from './run.js';
import { addStudyStatus } from './status.js';
import { addStudySubmit } from './submit.js';
import { addStudyWork } from './work.js';

/** Adds `run`, `status`, `merge`, `submit` and `work` to `study`. */
export function addStudyRuns(study: Command, parts: StudyParts): void {
  addStudyRun(study, parts);
  addStudyStatus(study);
  addStudyMerge(study);
  addStudySubmit(study, parts);
  addStudyWork(study, parts);
}
