import type { Command } from 'commander';
import { registerStudyMerge } from './merge.js';
import type { StudyParts } from './parts.js';
import { registerStudyRun } from './run.js';
import { registerStudyStatus } from './status.js';

/** Adds `run`, `status` and `merge` to `study`. */
export function registerStudyRuns(study: Command, parts: StudyParts): void {
  registerStudyRun(study, parts);
  registerStudyStatus(study);
  registerStudyMerge(study);
}
