/**
 * `holdfast study`: the commands that run studies and read their results. Loaded only when one is called.
 */
import type { Command } from 'commander';
import { briefTables, readStudyColumns } from '../../findings/index.js';
import { locateModel } from '../../hub/index.js';
import { JUDGE_VERSION } from '../../material/index.js';
import { CELLS, openStudy } from '../../study/index.js';
import { readVersions } from '../../versions.js';
import { fetching } from '../options/index.js';
import { addCompareCommand } from './compare.js';
import { addStudyInit } from './init.js';
import { addPowerCommand } from './power.js';
import { addReportCommand } from './report.js';
import { addStudyRuns } from './runs.js';

/** Adds the subcommands of `holdfast study`. */
export function addStudyCommands(study: Command): void {
  addStudyInit(study);
  addStudyRuns(study, {
    openStudy: async (file, models, calibrates) =>
      openStudy(
        file,
        models,
        { ...readVersions('cpu'), judges: String(JUDGE_VERSION) },
        {
          fetch: (model) => fetching((watch) => locateModel(model, watch)),
          calibrates,
        },
      ),
    brief: async (folder) => briefTables(await readStudyColumns(folder)),
    cells: CELLS,
  });
  addReportCommand(study);
  addCompareCommand(study);
  addPowerCommand(study);
}
