import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockReach } from '../../src/lock.js';
import { createRandom } from '../../src/random.js';
import { sha256 } from '../../src/study/folder/cell-file.js';
import { cellsIn, filesIn, linesOf, makeGate, makePlace, type Place, resultsIn } from './stub-study.js';

const SPEC = { name: 'tiny', dialogues: 8, arms: { off: 'o', on: 'n' }, costs: 3, ranked: 2 };
/** Dialogues and costs under each arm, and rankings. */
const CELLS = 24;

/** Runs a study without interruption and returns the bytes of its results. */
async function undisturbed(place: Place, spec: string): Promise<Record<string, string>> {
  const { code, stderr } = await place.run(['run', spec, '--out', 'undisturbed', '--jobs', '2']);
  expect(code, stderr).toBe(0);
  return resultsIn(place.at('undisturbed'));
}

describe('a study that is killed', () => {
  it('ends with the same bytes as one that was not, whenever it was killed', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    const expected = await undisturbed(place, spec);
    const gate = await makeGate(place);
    const random = createRandom(7);
    const args = ['run', spec, '--out', 'killed', '--jobs', '2'];
    let kills = 0;
    for (let round = 0; round < 16; round++) {
      const { child, ended } = place.start(args, gate.env);
      const end = ended.then(() => null);
      if (round % 2 === 0) {
        // Let it finish a few cells, then kill it at a random moment, possibly during a write or a rename.
        for (let passes = 0; passes <= random() * 3; passes++) {
          (await Promise.race([gate.next(), end]))?.pass();
        }
        setTimeout(() => child.kill('SIGKILL'), random() * 12);
      } else {
        // Kill it while it starts or, once all cells are done, while it writes results or later.
        setTimeout(() => child.kill('SIGKILL'), random() * 600);
      }
      if ((await ended).signal === 'SIGKILL') kills++;
    }
    gate.openWide();
    const last = await place.run(args, gate.env);
    expect(last.code, last.stderr).toBe(0);
    expect(kills).toBeGreaterThan(8);
    expect(resultsIn(place.at('killed'))).toEqual(expected);
    expect(filesIn(place.at('killed')).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  });

  it('does not compute reported cells again', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0 });
    const gate = await makeGate(place);
    const { child, ended } = place.start(['run', spec, '--out', 'out', '--jobs', '1'], gate.env);
    (await gate.next()).pass();
    (await gate.next()).pass();
    await gate.next(); // the third has begun, so the first is on disk
    child.kill('SIGKILL');
    await ended;
    const kept = cellsIn(place.at('out')).length;
    expect(kept).toBeGreaterThanOrEqual(1);
    gate.openWide();
    const { stdout } = await place.run(['run', spec, '--out', 'out'], gate.env);
    expect(stdout).toContain(`22 cells: ${22 - kept} computed, ${kept} reused, 0 failed`);
  });

  it('leaves temporary files that the next run removes', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0 });
    const here = sha256(await lockReach()).slice(0, 8);
    const leftover = place.at(`out/cells/ab/${'ab'.repeat(32)}.json.${here}0123456789abcdef.tmp`);
    mkdirSync(dirname(leftover), { recursive: true });
    writeFileSync(leftover, '{"address":"abab');
    await place.run(['run', spec, '--out', 'out']);
    expect(filesIn(place.at('out')).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  });
});

describe('a cell file', () => {
  it.each([
    ['truncated', (text: string) => text.slice(0, text.length / 2), /truncated/],
    ['empty', () => '', /truncated/],
    ['changed by one digit', (text: string) => text.replace('"seed":1', '"seed":2'), /checksum/],
  ])('that is %s is reported, renamed and computed again', async (_, damage, why) => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    const expected = await undisturbed(place, spec);
    const out = place.at('undisturbed');
    const file = cellsIn(out)[3]!;
    writeFileSync(file, damage(readFileSync(file, 'utf8')));

    const status = await place.run(['status', out]);
    expect(status.code).toBe(1);
    expect(status.stdout).toContain(`damaged: ${file}: `);
    expect(status.stdout).toMatch(why);

    const again = await place.run(['run', spec, '--out', out]);
    expect(again.stderr).toContain(`damaged: ${file} (`);
    expect(again.stdout).toContain(`${CELLS} cells: 1 computed`);
    expect(filesIn(out)).toContain(`${file.slice(out.length + 1)}.damaged`);
    expect(resultsIn(out)).toEqual(expected);
  });

  it('under the name of another cell counts as damaged', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    const expected = await undisturbed(place, spec);
    const [first, second] = cellsIn(place.at('undisturbed'));
    renameSync(first!, second!);
    const again = await place.run(['run', spec, '--out', 'undisturbed']);
    expect(again.stderr).toContain(`${second!.slice(place.folder.length + 1)} (the file belongs to cell`);
    expect(again.stdout).toContain(`${CELLS} cells: 2 computed`);
    expect(resultsIn(place.at('undisturbed'))).toEqual(expected);
  });
});

describe('a changed study', () => {
  it('computes only new cells, and writes results under the new names', async () => {
    const place = makePlace();
    const before = { name: 'tiny', dialogues: 3, arms: { off: 'o', on: 'n' } };
    await place.run(['run', place.spec(before), '--out', 'out']);
    const after = { name: 'tiny', dialogues: 3, arms: { untouched: 'o', other: 'x' } };
    const { stdout } = await place.run(['run', place.spec(after), '--out', 'out']);
    expect(stdout).toContain('6 cells: 3 computed, 3 reused, 0 failed');
    expect(linesOf(place.at('out/results.jsonl')).map((line) => (line as { arm: string }).arm)).toEqual([
      'untouched',
      'other',
      'untouched',
      'other',
      'untouched',
      'other',
    ]);
    expect(cellsIn(place.at('out')).length, 'cells that are no longer planned are kept').toBe(9);
  });

  it('with another name is rejected, and the folder stays unchanged', async () => {
    const place = makePlace();
    await place.run(['run', place.spec({ name: 'one', dialogues: 1, arms: { off: 'o' } }), '--out', 'out']);
    const before = resultsIn(place.at('out'));
    const other = place.spec({ name: 'other', dialogues: 2, arms: { off: 'o' } });
    const { code, stderr } = await place.run(['run', other, '--out', 'out']);
    expect(stderr).toMatch(/^error: E_USAGE: the folder belongs to the study "one", not to "other" \(out\)/);
    expect(code).toBe(2);
    expect(resultsIn(place.at('out'))).toEqual(before);
  });
});
