import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Gap, StudyResult } from '../../src/findings/study-result.js';
import { encodeCellFile, sha256 } from '../../src/study/folder/cell-file.js';
import { cellPath } from '../../src/study/folder/folder.js';
import type { CellRecord, PlannedCell } from '../../src/study/index.js';

/** Writes a study folder like `study run`: `study.json`, `plan.jsonl`, the cells and `timings.jsonl`. */
export async function writeStudy(folder: string, study: StudyResult): Promise<void> {
  const { spec, locked, models, versions, now, text, file, records, gaps, timings } = study;
  const json = { format: 'holdfast-study-3', name: spec.name, origin: { file, models: {}, shard: null } };
  const kept = models.map((model) => ({ path: '', ...model }));
  await writeFile(
    join(folder, 'study.json'),
    JSON.stringify({ ...json, versions, now, models: kept, spec, text, analysis: locked }),
  );
  await writePlan(folder, [...records, ...gaps].map(plannedCell));
  const failures = gaps.flatMap(({ error, ...gap }) =>
    error === null
      ? []
      : [{ address: addressOf(gap), record: { ...labelsOf(gap), kind: 'failure' as const, error } }],
  );
  const cells = records.map((record) => ({ address: addressOf(record), record }));
  for (const { address, record } of [...cells, ...failures]) await writeCell(folder, address, record);
  await writeFile(
    join(folder, 'timings.jsonl'),
    timings
      .map(({ totalMs, executorMs, decodedTokens, ...labels }) => ({
        address: addressOf({ ...labels, kind: 'dialogue' }),
        ...{ totalMs, executorMs, decodedTokens },
      }))
      .map((timing) => `${JSON.stringify(timing)}\n`)
      .join(''),
  );
}

export async function writeCell(folder: string, address: string, record: CellRecord): Promise<void> {
  const path = cellPath(folder, address);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, encodeCellFile(address, record));
}

export async function writePlan(folder: string, plan: readonly PlannedCell[]): Promise<void> {
  await writeFile(join(folder, 'plan.jsonl'), plan.map((cell) => `${JSON.stringify(cell)}\n`).join(''));
}

type Named = Omit<Gap, 'error' | 'measure'> & { readonly measure?: Gap['measure'] };

/** Returns the place of a record or gap in the plan. */
export function plannedCell(cell: Named): PlannedCell {
  const { kind, measure = null } = cell;
  return { address: addressOf(cell), kind, measure, labels: labelsOf(cell) };
}

const labelsOf = ({
  model,
  executor,
  precision,
  source,
  arm,
  seed,
  index,
}: Named): PlannedCell['labels'] => ({
  ...{ model, executor, precision, source, arm, seed, index },
});

const addressOf = (cell: Named): string =>
  sha256(JSON.stringify([cell.kind, cell.measure ?? null, labelsOf(cell)]));
