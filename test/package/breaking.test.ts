import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  type CheckedCommand,
  COMMANDS,
  faultsAtEnd,
  faultsOf,
  faultsOfWords,
  filesOf,
} from '../../scripts/breaking/commands.mjs';

/** A folder with files, by their names. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-broken-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const END = { 'cells/a.json': 'whole', 'plan.jsonl': 'first\nrest\n', 'times.jsonl': '1\n' };
/** The contents of the end, and a plan that is shorter until then. */
const contentsOf = () => {
  const short = filesOf(folderOf({ plan: 'first\n' })).get('plan')!;
  const end = [...filesOf(folderOf(END))];
  return new Map(end.map(([name, digest]) => [name, name === 'plan.jsonl' ? [short, digest] : [digest]]));
};
const COMMAND: CheckedCommand = { differs: (name) => name === 'times.jsonl', ends: /^done$/m };

const broken = (files: Readonly<Record<string, string>>, before?: ReadonlyMap<string, string>) =>
  faultsOf(COMMAND, { out: folderOf(files) }, contentsOf(), before).faults;
const ended = (files: Readonly<Record<string, string>>) =>
  faultsAtEnd(COMMAND, { out: folderOf(files) }, contentsOf());

it('a broken run may leave less than an undisturbed one, but nothing half and nothing else', () => {
  expect(broken({})).toEqual([]);
  expect(broken({ ...END, 'plan.jsonl': 'first\n', 'times.jsonl': '2', 'cells/b.json.tmp': 'ha' })).toEqual(
    [],
  );
  expect(broken({ ...END, 'plan.jsonl': 'fir' })).toEqual(['plan.jsonl is not whole']);
  expect(broken({ ...END, 'cells/a.json': 'wh' })).toEqual(['cells/a.json is not whole']);
  expect(broken({ ...END, 'cells/a.json.damaged': 'wh' })).toEqual([
    'cells/a.json.damaged is there, and not in an undisturbed run',
  ]);
});

it('what was there before a run was broken must be there still', () => {
  const before = filesOf(folderOf({ ...END, 'cells/b.json.tmp': 'ha' }));
  expect(broken({ 'cells/a.json': 'whole', 'plan.jsonl': 'first\n' }, before)).toEqual([
    'times.jsonl was there and is lost',
  ]);
});

it('a link to a file that is not there is a fault', () => {
  const out = folderOf({});
  mkdirSync(join(out, 'cells'));
  symlinkSync('nowhere', join(out, 'cells/a.json'));
  expect(faultsOf(COMMAND, { out }, contentsOf()).faults).toEqual(['cells/a.json is not whole']);
});

it('a run that ends must leave the files of an undisturbed one, and no others', () => {
  expect(ended({ ...END, 'times.jsonl': '2' })).toEqual([]);
  expect(ended({ ...END, 'plan.jsonl': 'first\n' })).toEqual(['plan.jsonl is not as undisturbed']);
  expect(ended({ ...END, 'cells/b.json.tmp': 'ha' })).toEqual(['cells/b.json.tmp is left']);
  const { 'times.jsonl': _, ...less } = END;
  expect(ended(less)).toEqual(['times.jsonl is missing']);
});

it('what a run said was done must be there', () => {
  const place = { out: folderOf({ 'cells/a.json': 'whole' }) };
  expect(faultsOfWords(COMMAND, place, contentsOf(), 'half done')).toEqual([]);
  expect(faultsOfWords(COMMAND, place, contentsOf(), 'done')).toEqual([
    'it said it had ended: plan.jsonl is missing',
    'it said it had ended: times.jsonl is missing',
  ]);
  expect(faultsOfWords(COMMANDS.study, place, contentsOf(), '1 of 36 cells, 40 tokens/s\n')).toEqual([]);
  expect(faultsOfWords(COMMANDS.study, place, contentsOf(), '1 of 36 cells\n2 of 36 cells\n')).toEqual([
    'it said that 2 cells are done, and 1 are there',
  ]);
  const stages = 'trying 7 settings\n1 of 9 cells\ntesting boost\n1 of 9 cells\n';
  const choosing = { out: folderOf({ 'hold/choose/cells/a.json': '' }) };
  expect(faultsOfWords(COMMANDS.calibrate, choosing, contentsOf(), stages)).toEqual([
    'it said that 1 cells are done, and 0 are there',
  ]);
});

it('a file that is saved again and again has the content that was said last, or the next', () => {
  const saves = ['one', 'two', 'three'];
  const digests = saves.map((text) => filesOf(folderOf({ saved: text })).get('saved')!);
  const contents = new Map([['saved.json', digests]]);
  const faults = (text: string, said: number) =>
    faultsOfWords(
      COMMANDS.chat,
      { out: folderOf({ 'saved.json': text }) },
      contents,
      'saved: it\n'.repeat(said),
    );
  expect([faults('one', 0), faults('one', 1), faults('two', 1)]).toEqual([[], [], []]);
  expect(faults('one', 2)).toEqual(['it said 2 times that it saved, but the file has save number 1']);
  expect(faults('three', 1)).toEqual(['it said 1 times that it saved, but the file has save number 3']);
});
