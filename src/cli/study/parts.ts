import type { DataTable } from '../../report/index.js';
import type { Study } from '../../study/index.js';

/** What the command needs to run a study. Tests replace it. */
export interface StudyParts {
  /**
   * Reads a specification and finds the files that it names. `models` overrides the paths of models by name; `calibrates`
   * runs the arms on the calibration dialogues.
   */
  readonly openStudy: (
    file: string,
    models: Readonly<Record<string, string>>,
    calibrates: boolean,
  ) => Promise<Study>;
  /** Returns small tables of what the study in a folder found. */
  readonly brief: (folder: string) => Promise<readonly DataTable[]>;
  /** A module that exports a function `open` of type OpenCells. */
  readonly cells: URL;
}
