import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  cellsIn,
  filesIn,
  linesOf,
  makeGate,
  makePlace,
  outcomeOf,
  resultsIn,
  stubMain,
} from './stub-study.js';

const SPEC = { name: 'tiny', dialogues: 6, arms: { off: 'o', on: 'n' }, costs: 3, ranked: 2 };

describe('two runners on one folder', () => {
  it('compute no cell twice, and both finish with all results', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, dialogues: 20 });
    const gate = await makeGate(place);
    const args = ['run', spec, '--out', 'out', '--jobs', '2', '--json'];
    const runners = [place.start(args, gate.env), place.start(args, gate.env)];
    // A runner has two threads, so both are at work when four cells wait at the same time. Before that there are only two
    // rankings.
    const waiting = [];
    for (let cell = 0; cell < 2; cell++) (await gate.next()).pass();
    for (let cell = 0; cell < 4; cell++) waiting.push(await gate.next());
    for (const { pass } of waiting) pass();
    gate.openWide();
    const ends = await Promise.all(runners.map(({ ended }) => ended));
    const summaries = ends.map(({ stdout, stderr, code }) => {
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    });
    const executed = place.executed();
    expect(new Set(executed).size).toBe(48);
    expect(executed.length, 'cells executed').toBe(48);
    expect(summaries[0].computed + summaries[1].computed).toBe(48);
    for (const { computed, reused } of summaries) {
      expect(computed).toBeGreaterThan(0);
      expect(computed + reused).toBe(48);
    }
    await place.run(['run', spec, '--out', 'alone']);
    expect(resultsIn(place.at('out'))).toEqual(resultsIn(place.at('alone')));
  });

  it('take over what a killed runner had locked', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0 });
    const gate = await makeGate(place);
    const killed = place.start(['run', spec, '--out', 'out', '--jobs', '2'], gate.env);
    for (let cell = 0; cell < 2; cell++) await gate.next(); // it has locked two groups
    gate.openWide();
    const other = place.start(['run', spec, '--out', 'out', '--jobs', '1'], gate.env);
    // The other runner reports 13 cells when it has done almost all free ones; then it waits for the two locked groups.
    await matching(other.child.stderr!, /^13 of 18 cells/m);
    killed.child.kill('SIGKILL');
    const { code, stdout } = await other.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('18 cells: 18 computed, 0 reused, 0 failed');
  });
});

describe('a cell that fails', () => {
  it('is recorded with its error, stops no other cell, and is computed again only with --retry-failed', async () => {
    const place = makePlace();
    const arms = { off: 'o', throws: 't', exits: 'e', strays: 's', on: 'n' };
    const spec = place.spec({ name: 'tiny', dialogues: 2, arms });
    const first = await place.run(['run', spec, '--out', 'out', '--jobs', '2']);
    expect(first.code).toBe(1);
    expect(first.stdout).toContain('10 cells: 10 computed, 0 reused, 6 failed');
    expect(first.stdout).toContain('failed: stub, talk 0, seed 1, arm throws: this arm throws\n');
    expect(first.stdout).toMatch(/arm exits: the thread ended with exit code 7\n/);
    expect(first.stdout).toMatch(/arm strays: the thread ended with an error: .*this is not caught/);
    const kinds = (linesOf(place.at('out/results.jsonl')) as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...['dialogue', 'failure', 'failure', 'failure', 'dialogue'],
      ...['dialogue', 'failure', 'failure', 'failure', 'dialogue'],
    ]);

    const again = await place.run(['run', spec, '--out', 'out']);
    expect(again.code).toBe(1);
    expect(again.stdout).toContain('10 cells: 0 computed, 10 reused, 6 failed');

    const status = await place.run(['status', 'out']);
    expect(status.stdout).toContain('tiny: 4 done, 6 failed, 0 missing');
    expect(status.stdout).toMatch(/^stub +talk +throws +dialogues +0 +2 +0$/m);
    expect(status.stdout).toContain(`study run ${spec} --out out --retry-failed`);

    const healed = await place.run(['run', spec, '--out', 'out', '--retry-failed'], { STUB_HEALED: '1' });
    expect(healed.code, healed.stderr).toBe(0);
    expect(healed.stdout).toContain('10 cells: 6 computed, 4 reused, 0 failed');
  });

  it('ends the run if it is a ranking, because the other cells depend on it', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, arms: { off: 'o' } });
    const gate = await makeGate(place);
    const { ended } = place.start(['run', spec, '--out', 'out', '--jobs', '1'], {
      STUB_GATE: place.at('no such socket'),
    });
    const { code, stdout } = await ended;
    gate.openWide();
    expect(code).toBe(1);
    expect(stdout).toMatch(/failed: stub, talk 6, seed 1, arm off: .*ENOENT/);
    expect(stdout).toContain('The study is incomplete: ranking the heads failed');
    expect((await place.run(['run', spec, '--out', 'out', '--retry-failed'])).code).toBe(0);
  });
});

describe('a run that is interrupted', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s keeps finished cells, prints the command to resume, and exits with %d',
    async (signal, exitCode) => {
      const place = makePlace();
      const spec = place.spec({ ...SPEC, ranked: 0 });
      const gate = await makeGate(place);
      const { child, ended } = place.start(['run', spec, '--out', 'out', '--jobs', '2'], gate.env);
      for (let cell = 0; cell < 6; cell++) (await gate.next()).pass();
      for (let cell = 0; cell < 2; cell++) await gate.next(); // these have begun and are dropped
      child.kill(signal);
      const { code, stderr, stdout } = await ended;
      expect(code).toBe(exitCode);
      expect(stdout).toBe('');
      expect(stderr).toContain(
        `stopped: 6 of 18 cells are done and kept in out. To resume: holdfast study run ${spec} --out out\n`,
      );
      expect(cellsIn(place.at('out')).length).toBe(6);
      expect(filesIn(place.at('out')).filter((file) => file.endsWith('.tmp'))).toEqual([]);
      gate.openWide();
      const rest = await place.run(['run', spec, '--out', 'out'], gate.env);
      expect(rest.stdout).toContain('18 cells: 12 computed, 6 reused, 0 failed');
    },
  );
});

describe('a full disk', () => {
  it('ends the run with an error that names the file, and loses no finished cell', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, dialogues: 60, ranked: 0 });
    const small = place.at('small');
    mkdirSync(small);
    // Mount a file system of 320 KiB that only this shell and its children can see.
    const script = `mount -t tmpfs -o size=320k tmpfs '${small}' && "$0" "$1" study run '${spec}' --out '${small}/out' --jobs 2; code=$?; cp -r '${small}/out' '${place.at('kept')}'; exit $code`;
    const child = spawn('unshare', [
      '--user',
      '--map-root-user',
      '--mount',
      'sh',
      '-c',
      script,
      process.execPath,
      stubMain,
    ]);
    const { code, stderr, stdout } = await outcomeOf(child);
    expect(code, stdout).toBe(1);
    expect(stderr).toMatch(
      /^error: E_UNWRITABLE: cannot write: ENOSPC.* \(\S*small\/out\/\S+\)\. Free disk space/m,
    );
    expect(filesIn(place.at('kept')).filter((file) => file.endsWith('.tmp'))).toEqual([]);
    const kept = cellsIn(place.at('kept')).length;
    expect(kept).toBeGreaterThan(3);
    const rest = await place.run(['run', spec, '--out', 'kept']);
    expect(rest.stdout).toContain(`126 cells: ${126 - kept} computed, ${kept} reused, 0 failed`);
  });

  it('loses no finished cell either if it fills up while results are written', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0 });
    // Limit files to 8 blocks of 512 bytes: each cell is smaller, the results with all cells are larger.
    const script = `ulimit -f 8 && exec "$0" "$1" study run '${spec}' --out '${place.at('out')}'`;
    const child = spawn('sh', ['-c', script, process.execPath, stubMain]);
    const { code, stderr } = await outcomeOf(child);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: E_UNWRITABLE: .*EFBIG.* \(\S*out\/results\.jsonl\)/m);
    expect(filesIn(place.at('out')).filter((file) => file.endsWith('.tmp'))).toEqual([]);
    const rest = await place.run(['run', spec, '--out', 'out']);
    expect(rest.stdout).toContain('18 cells: 0 computed, 18 reused, 0 failed');
  });
});

describe('shards', () => {
  it('give the bytes of the whole study when merged', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    const now = ['--now', '2026-01-31'];
    await place.run(['run', spec, '--out', 'whole', ...now]);
    for (const shard of ['1/3', '2/3', '3/3']) {
      const { code, stderr } = await place.run(['run', spec, '--shard', shard, ...now]);
      expect(code, stderr).toBe(0);
    }
    const parts = ['1of3', '2of3', '3of3'].map((part) => `studies/tiny-${part}`);
    expect((await place.run(['status', parts[0]!])).stdout).toContain(
      'tiny, shard 1 of 3: 8 done, 0 failed, 0 missing',
    );
    const incomplete = await place.run(['merge', ...parts.slice(1), '--out', 'two']);
    expect(incomplete.stdout).toBe('two: 14 of 20 cells, 0 failed, 6 missing from all folders\n');
    const merged = await place.run(['merge', ...parts, '--out', 'merged']);
    expect(merged.stdout).toBe('merged: 20 of 20 cells, 0 failed\n');
    expect(resultsIn(place.at('merged'))).toEqual(resultsIn(place.at('whole')));
    expect(readFileSync(place.at('merged/study.json'), 'utf8')).toEqual(
      readFileSync(place.at('whole/study.json'), 'utf8'),
    );
    const again = await place.run(['run', spec, '--out', 'merged']);
    expect(again.stdout).toContain('20 cells: 0 computed, 20 reused');
  });

  it('of different studies are rejected', async () => {
    const place = makePlace();
    const out = (name: string): string[] => ['--out', name];
    await place.run(['run', place.spec({ ...SPEC, ranked: 0 }), '--shard', '1/2', ...out('a')]);
    await place.run(['run', place.spec({ ...SPEC, ranked: 0, dialogues: 7 }), '--shard', '2/2', ...out('b')]);
    const { code, stderr } = await place.run(['merge', 'a', 'b', ...out('c')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: E_USAGE: the plan differs from that of a \(b\)\. Merge only shards of one study/,
    );
  });
});

describe('a dry run', () => {
  it('computes one cell of each kind, keeps it, and shows all cells and their time', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    const dry = await place.run(['run', spec, '--out', 'out', '--jobs', '2', '--dry-run']);
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stdout).toMatch(/^stub +talk +on +6 +3 +1 s$/m);
    expect(dry.stdout).toContain('4 of 20 cells are done; the rest takes about 1 s with --jobs 2\n');
    expect(place.executed().length, 'two rankings, a dialogue and a cost').toBe(4);
    const again = await place.run(['run', spec, '--out', 'out', '--dry-run']);
    expect(again.code).toBe(0);
    expect(place.executed().length, 'a second dry run computes nothing').toBe(4);
    const { stdout } = await place.run(['run', spec, '--out', 'out']);
    expect(stdout).toContain('20 cells: 16 computed, 4 reused, 0 failed');
  });

  it('of a changed study does not change the study in the folder', async () => {
    const place = makePlace();
    await place.run(['run', place.spec(SPEC), '--out', 'out']);
    const kept = (): readonly string[] =>
      ['study.json', 'plan.jsonl'].map((name) => readFileSync(place.at(`out/${name}`), 'utf8'));
    const before = kept();
    const changed = place.spec({ ...SPEC, arms: { off: 'o', other: 'p' } });
    const dry = await place.run(['run', changed, '--out', 'out', '--dry-run']);
    expect(dry.stdout, dry.stderr).toContain('11 of 20 cells are done');
    expect(kept()).toEqual(before);
    await place.run(['run', changed, '--out', 'out']);
    expect(kept()).not.toEqual(before);
  });

  it('in a new folder creates a study that status can read', async () => {
    const place = makePlace();
    await place.run(['run', place.spec(SPEC), '--out', 'out', '--dry-run']);
    const { code, stdout, stderr } = await place.run(['status', 'out']);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('tiny: 4 done, 0 failed, 16 missing');
  });
});

it('status rejects a folder without a study', async () => {
  const place = makePlace();
  const { code, stderr } = await place.run(['status', '.']);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^error: E_NOT_FOUND: not the folder of a study: study\.json or plan\.jsonl is missing \(\.\)/,
  );
});

it.each(['0/3', '4/3', '1', 'a/b'])('--shard %s is refused', async (shard) => {
  const { code, stderr } = await makePlace().run(['run', 'x.json', '--shard', shard]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: option '--shard <i\/n\|array>' argument .* is invalid/);
});

/** Resolves when the output of a stream matches. */
function matching(stream: NodeJS.ReadableStream, what: RegExp): Promise<void> {
  let text = '';
  return new Promise((resolve) => {
    stream.on('data', (chunk) => {
      text += chunk;
      if (what.test(text)) resolve();
    });
  });
}
