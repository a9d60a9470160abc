import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../errors.js';

/** The suffix of a file that is being written. */
export const TEMPORARY = '.tmp';

/** Identifies where process ids have their meaning: this machine and, on Linux, this container. */
const PLACE = createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8);

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // no Linux
  }
}

/**
 * Returns when a process began, in the clock ticks of Linux; empty if that is not known. Ids of processes come again, in a
 * container that starts anew at once.
 */
function startOf(pid: number): string {
  try {
    // The name of the program, in brackets, may contain anything. What follows it has the start in the 20th place.
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')[19] ?? '';
  } catch {
    return ''; // no Linux, or no such process
  }
}

const PROCESS = `${process.pid}-${startOf(process.pid)}`;
let written = 0;

/** Returns the temporary name of a file until it is complete. Without a writer, every call returns a different name. */
export const temporaryName = (path: string, writer = `${PLACE}-${PROCESS}-${++written}`): string =>
  `${path}.${writer}${TEMPORARY}`;

/**
 * Removes what processes that were killed left of a file: temporary files under names without a writer, made on this
 * machine by a process that no longer runs. What cannot be removed stays.
 */
export function removeLeftovers(path: string): void {
  const start = `${basename(path)}.${PLACE}-`;
  for (const name of namesIfReadable(dirname(path))) {
    if (!name.startsWith(start)) continue;
    const [, pid, began] = /^(\d+)(?:-(\d*))?-\d+\.tmp$/.exec(name.slice(start.length)) ?? [];
    if (pid === undefined || isRunning(Number(pid), began)) continue;
    try {
      rmSync(join(dirname(path), name), { force: true });
    } catch {} // writing the file will say what is wrong with the folder
  }
}

/** Unlike `namesIn`: writing the file will say what is wrong with a folder that cannot be read. */
function namesIfReadable(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** @param began when it began; empty or undefined if that was not known */
function isRunning(pid: number, began = ''): boolean {
  try {
    process.kill(pid, 0);
    const now = startOf(pid);
    return began === '' || now === '' || now === began;
  } catch (error) {
    // Only this says that there is none: EPERM is a process of another user.
    return !hasCode(error, ['ESRCH']);
  }
}
