import { durationText, textTable } from '../../report/index.js';
import type { StudySpec } from '../spec/index.js';
import type { Cell } from './cell.js';

type Planned = Pick<Cell, 'kind' | 'labels'>;

interface Row {
  readonly names: readonly [model: string, source: string, arm: string];
  dialogues: number;
  costs: number;
  influences: number;
  ms: number;
}

/** Rows of cells that belong to no arm. Both lead dialogues of the untouched model. */
const OTHER: Partial<Readonly<Record<Cell['kind'], string>>> = {
  ranking: '(ranking heads)',
  chance: '(chance)',
};

/**
 * Returns the plan of a study as lines of text: cells by model, source and arm, and their time if it is known.
 * @param msOf milliseconds of a cell on one thread; null if nothing was timed
 */
export function planText<C extends Planned>(
  { name, question }: Pick<StudySpec, 'name' | 'question'>,
  cells: readonly C[],
  msOf: ((cell: C) => number) | null,
): string[] {
  const rows = new Map<string, Row>();
  for (const cell of cells) {
    const { model, source, arm } = cell.labels;
    const names = [model, source, OTHER[cell.kind] ?? arm] as const;
    const key = JSON.stringify(names);
    const row = rows.get(key) ?? { names, dialogues: 0, costs: 0, influences: 0, ms: 0 };
    rows.set(key, row);
    if (cell.kind === 'cost') row.costs++;
    else if (cell.kind === 'influence') row.influences++;
    else row.dialogues++;
    row.ms += msOf?.(cell) ?? 0;
  }
  const all = [...rows.values()];
  const timed = (ms: number): string[] => (msOf === null ? [] : [durationText(ms)]);
  const measures = all.some(({ influences }) => influences > 0);
  const column = measures ? ['influence'] : [];
  const table = textTable({
    heading: ['model', 'source', 'arm', 'dialogues', 'costs', ...column, ...(msOf === null ? [] : ['time'])],
    rows: all.map(({ names, dialogues, costs, influences, ms }) => [
      ...names,
      String(dialogues),
      String(costs),
      ...(measures ? [String(influences)] : []),
      ...timed(ms),
    ]),
    wordy: [1, 2],
  });
  const total = all.reduce((sum, { ms }) => sum + ms, 0);
  const sum = [
    ...dialoguesText(cells),
    `${cells.length} cells`,
    ...timed(total).map((time) => `${time} on one thread`),
  ].join(', ');
  return [question === null ? name : `${name}: ${question}`, '', ...table, '', sum];
}

/** Returns the number of dialogues and of seeds; nothing if there are no dialogues. */
function dialoguesText(cells: readonly Planned[]): string[] {
  const led = cells.filter(({ kind }) => kind === 'dialogue').map(({ labels }) => labels);
  if (led.length === 0) return [];
  const dialogues = new Set(led.map(({ source, index }) => JSON.stringify([source, index]))).size;
  const seeds = new Set(led.map(({ seed }) => seed)).size;
  return [`${counted(dialogues, 'dialogue')} × ${counted(seeds, 'seed')}`];
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
