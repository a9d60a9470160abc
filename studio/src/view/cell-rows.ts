import type { CellState, StudyCell } from '../../../src/studio/study-protocol.js';
import type { OpenStudy } from '../state/open-study.js';

/** The cells of a study that differ only in scenario and seed. */
interface CellRow extends Pick<StudyCell, 'kind' | 'model' | 'source' | 'arm'> {
  readonly states: readonly CellState[];
}

/** Returns the rows of a study, in the order of the plan. */
export function cellRows({ cells, news }: Pick<OpenStudy, 'cells' | 'news'>): readonly CellRow[] {
  const rows = new Map<string, CellRow & { readonly states: CellState[] }>();
  for (const [at, { kind, model, source, arm }] of cells.entries()) {
    const key = JSON.stringify([kind, model, source, arm]);
    const row = rows.get(key) ?? { kind, model, source, arm, states: [] };
    rows.set(key, row);
    row.states.push(news[at]!.state);
  }
  return [...rows.values()];
}
