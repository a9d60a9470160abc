import type { Study } from '../../study/index.js';

/** What running a study needs beyond the command. */
export interface StudyParts {
  /** Reads a specification and finds what it names; `models` gives models by name another path. */
  readonly openStudy: (file: string, models: Readonly<Record<string, string>>) => Promise<Study>;
  /** A module that exports `open` as OpenCells. */
  readonly cells: URL;
}
