/**
 * `holdfast judge`: the commands that let a person check the judges of a study. Loaded only when one is called.
 */
import type { Command } from 'commander';
import { addAgreeCommand } from './agree.js';
import { addSampleCommand } from './sample.js';

/** Adds the subcommands of `holdfast judge`. */
export function addJudgeCommands(judge: Command): void {
  addSampleCommand(judge);
  addAgreeCommand(judge);
}
