import type { Command } from 'commander';
import { locateModel } from '../hub/index.js';
import { CELLS, openStudy } from '../study/index.js';
import { fetching } from './fetching.js';
import { registerStudyRuns } from './study.js';
import { addCompareCommand } from './study-compare.js';
import { addPowerCommand } from './study-power.js';
import { addReportCommand } from './study-report.js';
import { readVersions } from './version.js';

/** Fills `holdfast study` with its commands. */
export function addStudyCommands(study: Command): void {
  registerStudyRuns(study, {
    openStudy: async (file, models) =>
      openStudy(file, models, await readVersions('cpu'), (model) =>
        fetching((watch) => locateModel(model, watch)),
      ),
    cells: CELLS,
  });
  addReportCommand(study);
  addCompareCommand(study);
  addPowerCommand(study);
}
