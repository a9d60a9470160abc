#!/usr/bin/env node
/**
 * Runs commands on a disk that fails: each call that writes returns an error in turn (EIO, then ENOSPC from there on), and
 * each that reads (EIO), writes take less than they are given, the clock jumps by days, the disk is full or read-only, the
 * folder vanishes. A run must end with an error of Holdfast, or with the files of a run that nothing disturbed; no file under
 * a final name may be half; and a run after it, on a sound disk, must end with those files, their bytes, and no others.
 * Linux only: needs a C compiler and `unshare`.
 *
 *     npm run build && node scripts/breaking/disk.mjs
 *     node scripts/breaking/disk.mjs --only measure --calls 20
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  COMMANDS,
  faultsAtEnd,
  faultsOf,
  faultsOfWords,
  filesOf,
  isTemporary,
  start,
  undisturbed,
} from './commands.mjs';

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
/** What a shell ends with that could not make a file system, or copy what is on it. */
const NO_DISK = 99;
const PAGE = 4096;

const root = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
const shim = join(root, 'shim.so');
const source = fileURLToPath(new URL('shim.c', import.meta.url));
execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', shim, source, '-ldl']);
let failed = false;

for (const name of values.only) {
  const command = COMMANDS[name];
  const counted = join(root, `${name}.count`);
  // libuv's other way to use files goes past the C library.
  const shimmed = (place, env = {}) => ({
    env: { LD_PRELOAD: shim, UV_USE_IO_URING: '0', SHIM_PATH: place.out, SHIM_COUNT: counted, ...env },
  });
  const { place: own, ms, contents } = await undisturbed(command, join(root, name), shimmed);
  const { writes, reads } = callsIn(counted);
  if (writes === 0) throw new Error(`${name}: the shim saw no call that writes`);

  const until = performance.now() + 1000 * Number(values.seconds);
  const count = { runs: 0, whole: 0, unbroken: 0, skipped: 0 };
  const faults = new Set();

  /**
   * Breaks a run, then lets another end, and notes what is wrong.
   * @param broken returns how the run ended, and `isBroken`: whether anything happened to it
   * @param what `mayEnd`: whether the run may end with an exit code; `keeps`: whether what it wrote stays
   */
  async function tried(kind, broken, { mayEnd = () => true, keeps = true } = {}) {
    if (!kind.startsWith(values.kind)) return;
    if (performance.now() > until) {
      count.skipped++;
      return;
    }
    const place = { ...own, out: join(own.folder, 'broken') };
    const { code, signal, text, isBroken } = await broken(place);
    const note = (what) => {
      faults.add(`${kind}: ${what}`);
      console.log(`${name}: ${kind}: ${what}`);
    };
    if (code === null) note(`ended by ${signal}`);
    if (code !== 0 && !/^error: E_[A-Z_]+: /m.test(text)) note(`no error of ours: ${text.slice(-300)}`);
    if (!mayEnd(code)) note(`exit code ${code}: ${text.slice(-300)}`);
    const { faults: halves, now } = faultsOf(command, place, contents);
    // What it said, and that it ended well, must be true before another run makes it so.
    const atOnce = code === 0 ? faultsAtEnd(command, place, contents) : halves;
    const ofWords = faultsOfWords(command, place, contents, text);
    if (keeps) for (const fault of [...atOnce, ...ofWords]) note(`exit code ${code}, and ${fault}`);
    const last = await start(command, place).ended;
    if (last.code === 0)
      for (const fault of faultsAtEnd(command, place, contents)) note(`after the next run, ${fault}`);
    else if (last.code !== 1 || command.refuses?.test(last.text) !== true)
      note(`the next run failed: ${last.text.slice(-300)}`);
    else for (const file of now.keys()) if (isTemporary(file)) note(`${file} is left, and no run removes it`);
    count.runs++;
    if (!isBroken) {
      count.unbroken++;
      console.log(`${name}: ${kind}: it did not come to that`);
    }
    if (isBroken && code === 0) count.whole++;
    rmSync(place.out, { recursive: true, force: true });
  }

  /** Runs the command under the shim. It is broken if a call failed, took less or saw the clock jump. */
  const underShim = (env) => async (place) => {
    rmSync(counted, { force: true });
    const outcome = await start(command, place, shimmed(place, env)).ended;
    // A process that is killed counts nothing.
    return { ...outcome, isBroken: outcome.code === null || callsIn(counted).hits > 0 };
  };
  const mustEndWell = { mayEnd: (code) => code === 0 };
  const mustFail = { mayEnd: (code) => code !== 0 };

  await tried('short writes', underShim({ SHIM_SHORT: '1' }), mustEndWell);
  await tried('a clock that jumps', underShim({ SHIM_CLOCK: '1' }), mustEndWell);
  if (count.unbroken > 0) throw new Error(`${name}: the shim shortened no write, or showed no other time`);

  const pages = pagesOf(own.out);
  for (const part of [0.1, 0.3, 0.5, 0.7, 0.9]) {
    const room = Math.floor(pages * part);
    if (room === 0) continue; // it would be a disk without a limit
    await tried(`a disk of ${part} of the bytes`, (place) => onDisk(place, `size=${room * PAGE}`), mustFail);
  }
  await tried('a read-only disk', (place) => onDisk(place, 'ro'), mustFail);
  for (const part of [0.1, 0.25, 0.4, 0.55, 0.7]) {
    const vanishing = async (place) => {
      const { child, ended } = start(command, place);
      let isBroken = false;
      const vanish = setTimeout(() => {
        if (!existsSync(place.out)) return;
        isBroken = true;
        // At once: a command that goes on writing would bring back what is removed file by file.
        const gone = `${place.out}.gone`;
        renameSync(place.out, gone);
        rmSync(gone, { recursive: true });
      }, part * ms);
      child.on('close', () => clearTimeout(vanish));
      return { ...(await ended), isBroken };
    };
    await tried(`a folder that vanishes after ${part} of the time`, vanishing, { keeps: false });
  }

  const beforeCalls = count.unbroken;
  for (const call of spread(writes)) {
    const failing = { SHIM_CALL: `${call}` };
    await tried(`EIO at call ${call} of ${writes} that write`, underShim({ ...failing, SHIM_ERRNO: '5' }));
    await tried(
      `ENOSPC from call ${call} of ${writes} on`,
      underShim({ ...failing, SHIM_ERRNO: '28', SHIM_ALL: '1' }),
    );
  }
  for (const call of spread(reads)) {
    const failing = { SHIM_CALL: `${call}`, SHIM_ERRNO: '5', SHIM_READS: '1' };
    await tried(`EIO at call ${call} of ${reads} that read`, underShim(failing));
  }
  // The number of calls differs a little from run to run, so the last ones may not come.
  const missed = count.unbroken - beforeCalls;
  if (missed > 0.2 * count.runs + 1)
    throw new Error(`${name}: ${missed} of ${count.runs} runs were not broken`);

  /** Runs the command with a file system of its own at `out`, and copies what it wrote. */
  async function onDisk(place, options) {
    const kept = `${place.out}.kept`;
    const script = `mount -t tmpfs -o ${options} tmpfs "$1" || exit ${NO_DISK}; out=$1; kept=$2; shift 2
      "$@"; code=$?; cp -a "$out" "$kept" || exit ${NO_DISK}; exit $code`;
    const within = ['unshare', '--mount', '--map-root-user', 'sh', '-c', script, 'sh', place.out, kept];
    const outcome = await start(command, place, { within }).ended;
    if (outcome.code === NO_DISK) throw new Error(`there is no disk to break: ${outcome.text}`);
    rmSync(place.out, { recursive: true });
    renameSync(kept, place.out);
    return { ...outcome, isBroken: true };
  }

  own.stop();
  const { runs, whole, unbroken, skipped } = count;
  console.log(
    `${name}: ${runs - unbroken} broken runs, ${whole} of them whole all the same; ` +
      `${unbroken} that nothing broke, ${skipped} skipped, ${faults.size} faults`,
  );
  if (runs === unbroken) console.log('  nothing was broken, so nothing is known');
  failed ||= faults.size > 0 || runs === unbroken;
}
rmSync(root, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;

/** Returns numbers of calls, from 1, spread evenly over all. */
function spread(calls) {
  const most = Number(values.calls);
  const step = Math.max(1, calls / most);
  return Array.from({ length: Math.min(calls, most) }, (_, at) => 1 + Math.floor(at * step));
}

/** Returns how many calls wrote and read in the process that did so most, and how many were broken in all processes. */
function callsIn(file) {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const [writes, reads, hits] = [0, 1, 2].map((at) => lines.map((line) => Number(line.split(' ')[at])));
  return {
    writes: Math.max(...writes),
    reads: Math.max(...reads),
    hits: hits.reduce((sum, each) => sum + each, 0),
  };
}

/** Returns the pages that the files of a folder take on a disk. */
function pagesOf(folder) {
  const stats = [...filesOf(folder).keys()].map((name) => lstatSync(join(folder, name)));
  return stats.reduce((sum, each) => sum + (each.isFile() ? Math.ceil(each.size / PAGE) : 0), 0);
}
