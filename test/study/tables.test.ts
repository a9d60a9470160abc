import { readFileSync } from 'node:fs';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { expect, it } from 'vitest';
import { CHANCE, COSTS, HEADS, PROBES, ROUNDS } from '../../src/study/folder/result-tables.js';
import type { CellRecord, DialogueRecord } from '../../src/study/index.js';
import { linesOf, makePlace } from './stub-study.js';

it('the tables contain the values of the records', async () => {
  const place = makePlace();
  const spec = place.spec({
    name: 'tiny',
    dialogues: 3,
    arms: { off: 'o', throws: 't', on: 'n' },
    costs: 2,
    ranked: 2,
    chance: 3,
  });
  await place.run(['run', spec, '--out', 'out']);
  const table = async (name: string) =>
    parquetReadObjects({ file: await asyncBufferFromFile(place.at(`out/${name}.parquet`)) });
  const records = linesOf(place.at('out/results.jsonl')) as (CellRecord & { readonly address: string })[];
  expect(records.length).toBe(20);
  const of = <K extends CellRecord['kind']>(kind: K) =>
    records.filter(
      (record): record is Extract<CellRecord, { kind: K }> & { address: string } => record.kind === kind,
    );
  const dialogues = of('dialogue');
  expect(dialogues.length).toBe(6);
  const labels = ({
    address,
    model,
    executor,
    precision,
    source,
    arm,
    seed,
    index,
  }: (typeof records)[number]) => ({
    ...{ cell: address, model, executor, precision, source, arm, seed, index },
  });
  const roundsOf = (dialogue: DialogueRecord) => dialogue.rounds;

  const rounds = await table('rounds');
  expect(rounds.length).toBe(12);
  expect(rounds[1]).toMatchObject({
    ...labels(dialogues[0]!),
    system: dialogues[0]!.system,
    round: 2,
    answer: dialogues[0]!.rounds[1]!.answer,
    strength: null,
    shareAfter: dialogues[0]!.rounds[1]!.share.after,
    randomShare: dialogues[0]!.rounds[1]!.controls.random,
    obedience: dialogues[0]!.rounds[1]!.obedience,
    finished: dialogues[0]!.rounds[1]!.finished,
    dialogueForwardPasses: 42,
  });
  expect(rounds.map(({ shareBefore }) => shareBefore)).toEqual(
    dialogues.flatMap((dialogue) => roundsOf(dialogue).map(({ share }) => share.before)),
  );
  expect((await table('probes')).map(({ score }) => score)).toEqual(
    dialogues.flatMap((dialogue) =>
      roundsOf(dialogue).flatMap(({ probes }) => probes.map(({ score }) => score)),
    ),
  );
  expect(await table('chance')).toEqual(
    of('chance').flatMap((chance) =>
      chance.answers.map(({ under, ...asked }) => ({
        ...labels(chance),
        ...{ scenario: chance.scenario, group: chance.group, ...asked },
        under: under === 'none' ? null : 'rhymes',
      })),
    ),
  );
  expect(await table('costs')).toEqual(
    of('cost').map((cost) => ({
      ...labels(cost),
      ...{ measure: cost.measure, item: cost.item, sum: cost.sum, count: cost.count },
    })),
  );
  const heads = await table('heads');
  expect(heads.length).toBe((2 + 6) * 2 * 6);
  const [ranking] = of('ranking');
  expect(heads[6 + 4]).toEqual({
    ...labels(ranking!),
    ...{
      kind: 'ranking',
      scenario: ranking!.scenario,
      round: 2,
      layer: 1,
      head: 1,
      share: ranking!.heads[1]![4],
    },
  });
});

it('the guide lists every column with its type', () => {
  const guide = readFileSync(new URL('../../docs/guide/study-results.md', import.meta.url), 'utf8');
  const rows = guide.split('\n').filter((line) => line.startsWith('| `'));
  const types = { STRING: 'string', INT32: 'int32', DOUBLE: 'double', BOOLEAN: 'bool' };
  for (const { columns } of [ROUNDS, PROBES, CHANCE, COSTS, HEADS]) {
    for (const { name, type } of columns) {
      const told = rows.some((row) => {
        const [, names = '', kind = ''] = row.split('|').map((part) => part.trim());
        return names.split(', ').includes(`\`${name}\``) && kind === types[type];
      });
      expect(told, `${name}, ${type}`).toBe(true);
    }
  }
});
