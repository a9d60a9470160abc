import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StudyResult } from '../../src/study/report/study-result.js';

/** Writes a study as `study run` leaves it: `study.json`, `results.jsonl` and `timings.jsonl`. */
export async function writeStudy(folder: string, study: StudyResult): Promise<void> {
  const { spec, models, versions, text, file, records, timings } = study;
  const json = { format: 'holdfast-study-1', name: spec.name, origin: { file, models: {}, shard: null } };
  await writeFile(
    join(folder, 'study.json'),
    JSON.stringify({
      ...json,
      versions,
      models: models.map((model) => ({ path: '', ...model })),
      spec,
      text,
    }),
  );
  const linesOf = (values: readonly object[]): string =>
    values.map((value) => `${JSON.stringify(value)}\n`).join('');
  await writeFile(
    join(folder, 'results.jsonl'),
    linesOf(records.map((record, at) => ({ address: String(at), ...record }))),
  );
  const addressOf = (timing: (typeof timings)[number]): number =>
    records.findIndex(
      ({ kind, arm, index, source, seed }) =>
        kind === 'dialogue' &&
        arm === timing.arm &&
        index === timing.index &&
        source === timing.source &&
        seed === timing.seed,
    );
  await writeFile(
    join(folder, 'timings.jsonl'),
    linesOf(
      timings.map((timing) => {
        const { totalMs, executorMs, decodedTokens } = timing;
        return { address: String(addressOf(timing)), totalMs, executorMs, decodedTokens };
      }),
    ),
  );
}
