import { textTable } from '../report/index.js';
import type { Cell } from './cell.js';
import type { StudySpec } from './spec.js';

/**
 * What a study comes to, for a person: cells by model, source and arm, and how long they take where that is known.
 * @param msOf how long a cell takes on one thread, from a calibration; null where nothing was measured
 * @returns lines
 */
export function planText<C extends Pick<Cell, 'kind' | 'labels'>>(
  spec: Pick<StudySpec, 'name' | 'question'>,
  cells: readonly C[],
  msOf: ((cell: C) => number) | null,
): string[] {
  const rows = new Map<string, { dialogues: number; costs: number; ms: number }>();
  for (const cell of cells) {
    const { model, source, arm } = cell.labels;
    const title = cell.kind === 'ranking' ? '(ranking heads)' : arm;
    const key = [model, source, title].join('  ');
    const row = rows.get(key) ?? { dialogues: 0, costs: 0, ms: 0 };
    rows.set(key, row);
    if (cell.kind === 'cost') row.costs++;
    else row.dialogues++;
    row.ms += msOf?.(cell) ?? 0;
  }
  const totalMs = [...rows.values()].reduce((sum, { ms }) => sum + ms, 0);
  const time = msOf === null ? [] : ['time'];
  const table = textTable({
    heading: ['model  source  arm', 'dialogues', 'costs', ...time],
    rows: [...rows].map(([key, { dialogues, costs, ms }]) => [
      key,
      String(dialogues),
      String(costs),
      ...(msOf === null ? [] : [durationText(ms)]),
    ]),
  });
  const total = `${cells.length} cells${msOf === null ? '' : `, ${durationText(totalMs)} on one thread`}`;
  return [spec.question === null ? spec.name : `${spec.name}: ${spec.question}`, '', ...table, '', total];
}

/** `12 s`, `4 min`, `2 h 05 min`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 99.5) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
