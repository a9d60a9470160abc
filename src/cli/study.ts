import type { Command } from 'commander';
import { registerStudyMerge } from './study-merge.js';
import type { StudyParts } from './study-parts.js';
import { registerStudyRun } from './study-run.js';
import { registerStudyStatus } from './study-status.js';

/** Adds the commands that run studies and keep their folders to `study`. */
export function registerStudyRuns(study: Command, parts: StudyParts): void {
  registerStudyRun(study, parts);
  registerStudyStatus(study);
  registerStudyMerge(study);
}
