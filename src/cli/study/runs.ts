import type { Command } from 'commander';
import { addStudyMerge } from './merge.js';
import type { StudyParts } from './parts.js';
import { addStudyRun } from './run.js';
import { addStudyStatus } from './status.js';
import { addStudySubmit } from './submit.js';

/** Adds `run`, `status`, `merge` and `submit` to `study`. */
export function addStudyRuns(study: Command, parts: StudyParts): void {
  addStudyRun(study, parts);
  addStudyStatus(study);
  addStudyMerge(study);
  addStudySubmit(study, parts);
}
