import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linesOf, makeGate, makePlace, type Place, resultsIn } from './stub-study.js';

const SPEC = { name: 'tiny', dialogues: 4, arms: { off: 'o', on: 'n' }, costs: 2, ranked: 2 };
const DATED = { ...SPEC, dated: true };
const MONDAY = { STUB_NOW: '2026-03-02T21:00:00Z', TZ: 'UTC' };
const TUESDAY = { STUB_NOW: '2026-03-03T08:00:00Z', TZ: 'Asia/Tokyo' };
const [ON_MONDAY, ON_TUESDAY] = ['2026-03-02T21:00:00+00:00', '2026-03-03T17:00:00+09:00'];

const momentIn = (place: Place, folder: string): string =>
  JSON.parse(readFileSync(place.at(`${folder}/study.json`), 'utf8')).now;
const addressesIn = (place: Place, folder: string): unknown[] =>
  linesOf(place.at(`${folder}/plan.jsonl`)).map((cell) => (cell as { address: string }).address);

describe('a study whose template writes the date', () => {
  it('keeps the moment of its first run, on another day and in another time zone', async () => {
    const place = makePlace();
    const spec = place.spec(DATED);
    await place.run(['run', spec, '--out', 'out', '--dry-run'], MONDAY);
    const rest = await place.run(['run', spec, '--out', 'out'], TUESDAY);
    expect(rest.stdout, rest.stderr).toContain('14 cells: 10 computed, 4 reused, 0 failed');
    expect(momentIn(place, 'out')).toBe(ON_MONDAY);
    await place.run(['run', spec, '--out', 'monday', '--now', ON_MONDAY], TUESDAY);
    expect(resultsIn(place.at('out'))).toEqual(resultsIn(place.at('monday')));
    const { stdout } = await place.run(['status', 'out'], TUESDAY);
    expect(stdout).toContain(`\nmoment: ${ON_MONDAY} (the chat template of stub can write it)\n`);
    const json = await place.run(['status', 'out', '--json']);
    expect(JSON.parse(json.stdout).now).toBe(ON_MONDAY);
  });

  it('has other cells at another moment', async () => {
    const place = makePlace();
    const spec = place.spec(DATED);
    await place.run(['run', spec, '--out', 'monday'], MONDAY);
    await place.run(['run', spec, '--out', 'tuesday'], TUESDAY);
    expect(momentIn(place, 'tuesday')).toBe(ON_TUESDAY);
    const shared = addressesIn(place, 'monday').filter((address) =>
      addressesIn(place, 'tuesday').includes(address),
    );
    expect(shared).toEqual([]);
  });

  it('has one moment if two runners start it at the same time', async () => {
    const place = makePlace();
    const spec = place.spec({ ...DATED, dialogues: 12 });
    const gate = await makeGate(place);
    const runners = [MONDAY, TUESDAY].map((day) =>
      place.start(['run', spec, '--out', 'out', '--jobs', '1'], { ...gate.env, ...day }),
    );
    for (let cell = 0; cell < 2; cell++) (await gate.next()).pass();
    gate.openWide();
    for (const { ended } of runners) expect((await ended).code).toBe(0);
    expect(new Set(place.executed()).size).toBe(30);
    expect(new Set(addressesIn(place, 'out'))).toEqual(new Set(place.executed()));
  });

  it('takes no other moment than its own', async () => {
    const place = makePlace();
    const spec = place.spec(DATED);
    await place.run(['run', spec, '--out', 'out', '--now', '2026-01-31T09:00']);
    const before = readFileSync(place.at('out/study.json'), 'utf8');
    const again = await place.run(['run', spec, '--out', 'out', '--now', '2026-01-31T09:00Z']);
    expect(again.stdout).toContain('14 cells: 0 computed, 14 reused');
    const other = await place.run(['run', spec, '--out', 'out', '--now', '2026-02-01']);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(
      /E_USAGE: the study has the moment 2026-01-31T09:00:00\+00:00, and another was given: 2026-02-01T/,
    );
    expect(readFileSync(place.at('out/study.json'), 'utf8')).toBe(before);
    const bad = await place.run(['run', spec, '--out', 'out', '--now', 'monday']);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toMatch(/--now <time>' argument 'monday' is invalid.*2026-01-31T09:00/);
  });

  it('has shards only if it has a moment, and merges only those with the same', async () => {
    const place = makePlace();
    const spec = place.spec({ ...DATED, ranked: 0 });
    const shard = (part: string, ...more: string[]) =>
      place.run(['run', spec, '--shard', `${part}/2`, '--out', `${part}${more.at(-1) ?? ''}`, ...more]);
    const none = await shard('1');
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(/E_USAGE: the shards need one moment.*"now: .*the same --now/);
    expect(existsSync(place.at('1'))).toBe(false);
    for (const [part, now] of [
      ['1', '2026-03-02'],
      ['2', '2026-03-02'],
      ['2', '2026-03-03'],
    ] as const)
      await shard(part, '--now', now);
    const mixed = await place.run(['merge', '12026-03-02', '22026-03-03', '--out', 'mixed']);
    expect(mixed.code).toBe(2);
    expect(mixed.stderr).toMatch(
      /E_USAGE: the part has another moment than 12026-03-02: 2026-03-03T00:00:00\+00:00 here, 2026-03-02T00:00:00\+00:00 there/,
    );
    const merged = await place.run(['merge', '12026-03-02', '22026-03-02', '--out', 'merged']);
    expect(merged.stdout, merged.stderr).toBe('merged: 12 of 12 cells, 0 failed\n');
    const whole = await place.run(['run', spec, '--out', 'merged'], TUESDAY);
    expect(whole.stdout).toContain('12 cells: 0 computed, 12 reused');
  });

  it('that an older version ran gets a moment when it is resumed', async () => {
    const place = makePlace();
    const spec = place.spec(DATED);
    await place.run(['run', spec, '--out', 'out'], MONDAY);
    const file = place.at('out/study.json');
    const { now, models, ...older } = JSON.parse(readFileSync(file, 'utf8'));
    const { mayWriteTime, ...model } = models[0];
    writeFileSync(file, JSON.stringify({ ...older, models: [model] }));
    const status = await place.run(['status', 'out']);
    expect(status.code, status.stderr).toBe(0);
    expect(status.stdout).not.toContain('moment');
    await place.run(['run', spec, '--out', 'out'], TUESDAY);
    expect(momentIn(place, 'out')).toBe(ON_TUESDAY);
    expect(linesOf(place.at('out/results.jsonl'))).toHaveLength(14);
  });
});

describe('a study whose template writes no date', () => {
  it('has the same cells on every day, and shards of several days', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0 });
    await place.run(['run', spec, '--shard', '1/2', '--out', 'monday'], MONDAY);
    await place.run(['run', spec, '--shard', '2/2', '--out', 'tuesday'], TUESDAY);
    expect([momentIn(place, 'monday'), momentIn(place, 'tuesday')]).toEqual([ON_MONDAY, ON_TUESDAY]);
    const merged = await place.run(['merge', 'monday', 'tuesday', '--out', 'merged']);
    expect(merged.stdout, merged.stderr).toBe('merged: 12 of 12 cells, 0 failed\n');
    const { stdout } = await place.run(['status', 'merged']);
    expect(stdout).toContain(`\nmoment: ${ON_MONDAY} (no chat template writes it)\n`);
  });
});
