#!/usr/bin/env node
/**
 * Runs commands on a disk that fails: each call that writes returns an error in turn (EIO, then ENOSPC from there on),
 * writes take less than they are given, the clock jumps by days, the disk is full or read-only, the folder vanishes. A run
 * must end with an error of Holdfast or with the right bytes; no file under a final name may be half; and a run after it,
 * on a sound disk, must end with the bytes of a run that nothing disturbed and leave no temporary file.
 * Linux only: needs a C compiler and `unshare`.
 *
 *     npm run build && node scripts/breaking/disk.mjs
 *     node scripts/breaking/disk.mjs --only measure --calls 20
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { COMMANDS, faultsOf, filesOf, isTemporary, placeOf, start } from './commands.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: Object.keys(COMMANDS) },
    /** The most calls of a command that fail, spread evenly over all. */
    calls: { type: 'string', default: '60' },
    /** How the words begin that say what is broken: EIO, ENOSPC, short, a clock, a disk, a read-only, a folder. */
    kind: { type: 'string', default: '' },
    /** After so many seconds a command is broken no more. */
    seconds: { type: 'string', default: 'Infinity' },
  },
});
const root = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
const shim = join(root, 'shim.so');
const source = fileURLToPath(new URL('shim.c', import.meta.url));
execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', shim, source, '-ldl']);
let failed = false;

for (const name of values.only) {
  const command = COMMANDS[name];
  const undisturbed = await placeOf(command, join(root, name));
  const counted = join(root, `${name}.count`);
  const shimmed = (place, env) => ({ env: { LD_PRELOAD: shim, SHIM_PATH: place.out, ...env } });
  const whole = await start(command, undisturbed, shimmed(undisturbed, { SHIM_COUNT: counted })).ended;
  if (whole.code !== 0) throw new Error(`${name} fails undisturbed: ${whole.text}`);
  const expected = filesOf(undisturbed.out, command.ignored);
  const calls = Math.max(...readFileSync(counted, 'utf8').trim().split('\n').map(Number));
  const until = performance.now() + 1000 * Number(values.seconds);
  const runs = [];
  let skipped = 0;
  const faults = new Set();

  /** Breaks a run, then lets another end, and notes what is wrong. */
  async function tried(kind, broken, allowed = () => true) {
    if (!kind.startsWith(values.kind)) return;
    if (performance.now() > until) {
      skipped++;
      return;
    }
    const place = { ...undisturbed, out: join(undisturbed.folder, 'broken') };
    const { code, signal, text } = await broken(place);
    const note = (what) => {
      faults.add(`${kind}: ${what}`);
      console.log(`${name}: ${kind}: ${what}`);
    };
    if (code === null) note(`ended by ${signal}`);
    if (code !== 0 && !/^error: E_[A-Z]+: /m.test(text)) note(`no error of ours: ${text.slice(-300)}`);
    if (!allowed(code)) note(`exit code ${code}: ${text.slice(-300)}`);
    const { faults: halves, now } = faultsOf(command, place, expected, new Map());
    for (const half of halves) note(half);
    const last = await start(command, place).ended;
    if (last.code === 0) {
      const files = filesOf(place.out, command.ignored);
      for (const file of files.keys()) if (isTemporary(file)) note(`${file} is left`);
      for (const [file, hash] of expected)
        if (files.get(file) !== hash) note(`${file} is not as undisturbed`);
    } else if (command.refuses?.test(last.text) !== true)
      note(`the next run failed: ${last.text.slice(-300)}`);
    else for (const file of now.keys()) if (isTemporary(file)) note(`${file} is left, and no run removes it`);
    runs.push(code);
    rmSync(place.out, { recursive: true, force: true });
  }

  const succeeds = (code) => code === 0;
  await tried(
    'short writes',
    (place) => start(command, place, shimmed(place, { SHIM_SHORT: '1' })).ended,
    succeeds,
  );
  await tried(
    'a clock that jumps',
    (place) => start(command, place, shimmed(place, { SHIM_CLOCK: '1' })).ended,
    succeeds,
  );

  const bytes = sizeOf(undisturbed.out);
  for (const part of [0.1, 0.3, 0.5, 0.7, 0.9]) {
    await tried(`a disk of ${part} of the bytes`, (place) =>
      onDisk(place, `size=${Math.ceil((bytes * part) / 4096) * 4}k`),
    );
  }
  await tried(
    'a read-only disk',
    (place) => onDisk(place, 'ro'),
    (code) => code !== 0,
  );
  for (const delay of [100, 300, 600, 1000, 1500]) {
    await tried(`a folder that vanishes after ${delay} ms`, (place) => {
      const { child, ended } = start(command, place);
      const vanish = setTimeout(
        () => rmSync(place.out, { recursive: true, force: true, maxRetries: 3 }),
        delay,
      );
      child.on('close', () => clearTimeout(vanish));
      return ended;
    });
  }

  const step = Math.max(1, calls / Number(values.calls));
  const numbers = Array.from(
    { length: Math.min(calls, Number(values.calls)) },
    (_, at) => 1 + Math.floor(at * step),
  );
  for (const call of numbers) {
    for (const [error, env] of [
      ['EIO', { SHIM_ERRNO: '5' }],
      ['ENOSPC', { SHIM_ERRNO: '28', SHIM_ALL: '1' }],
    ]) {
      const failing = { SHIM_CALL: String(call), ...env };
      await tried(
        `${error} at call ${call} of ${calls}`,
        (place) => start(command, place, shimmed(place, failing)).ended,
      );
    }
  }
  /** Runs the command with a file system of its own at `out`, and copies what it wrote. */
  async function onDisk(place, options) {
    const kept = `${place.out}.kept`;
    const script = `mount -t tmpfs -o ${options} tmpfs "$1"; out=$1; kept=$2; shift 2
      "$@"; code=$?; cp -a "$out" "$kept"; exit $code`;
    const within = ['unshare', '--mount', '--map-root-user', 'sh', '-c', script, 'sh', place.out, kept];
    const outcome = await start(command, place, { within }).ended;
    rmSync(place.out, { recursive: true });
    renameSync(kept, place.out);
    return outcome;
  }

  undisturbed.stop();
  const ended = runs.filter((code) => code === 0).length;
  console.log(
    `${name}: ${runs.length} broken runs, ${ended} of them whole all the same, ${skipped} skipped, ${faults.size} faults`,
  );
  failed ||= faults.size > 0;
}
rmSync(root, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;

function sizeOf(folder) {
  return [...filesOf(folder).keys()].reduce(
    (sum, name) => sum + 4096 * Math.ceil(statSync(join(folder, name)).size / 4096),
    0,
  );
}
