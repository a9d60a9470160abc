import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { AnalysisPlan } from '../../src/study/index.js';
import { type Environment, inProcess, type Outcome } from '../support/in-process.js';
import { run } from './stub-command.mjs';

/** The script of a process of the stub command. */
export const stubMain = fileURLToPath(new URL('./stub-main.mjs', import.meta.url));

/** A specification for `stub-command.mjs`. */
export interface StubSpec {
  readonly name: string;
  readonly dialogues: number;
  readonly arms: Readonly<Record<string, string>>;
  readonly costs?: number;
  /** Dialogues whose influence is measured. */
  readonly measured?: number;
  readonly ranked?: number;
  readonly chance?: number;
  /** Whether the chat template writes the date. */
  readonly dated?: boolean;
  /** Fields of the analysis plan that differ from its default. */
  readonly analysis?: Partial<AnalysisPlan>;
}

/** How a process ended. */
export interface Ended extends Outcome {
  readonly signal: NodeJS.Signals | null;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** A temporary folder for one test, with a log of every executed cell. */
export interface Place {
  readonly folder: string;
  /** Returns a path in the folder. */
  at(name: string): string;
  /** Writes a specification and returns its path. */
  spec(spec: StubSpec): string;
  /** Starts the command as a process of its own. */
  start(args: readonly string[], env?: Environment): Started;
  /** Runs the command in this process, see `inProcess`. */
  run(args: readonly string[], env?: Environment): Promise<Outcome>;
  /** Returns the addresses of executed cells of all processes, in order. */
  executed(): string[];
  /** Calls a function when the test ends. */
  readonly onEnd: (end: () => Promise<void> | void) => void;
}

/** @param onEnd that of the test's context, where tests run at the same time */
export function makePlace(onEnd: Place['onEnd'] = onTestFinished): Place {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-study-'));
  const started: Started[] = [];
  onEnd(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await Promise.all(started.map(({ ended }) => ended));
    rmSync(folder, { recursive: true });
  });
  const log = join(folder, 'executed.log');
  const start: Place['start'] = (args, env = {}) => {
    const child = spawn(process.execPath, [stubMain, 'study', ...args], {
      cwd: folder,
      env: { ...process.env, STUB_LOG: log, ...env },
    });
    const process_ = { child, ended: outcomeOf(child) };
    started.push(process_);
    return process_;
  };
  return {
    folder,
    onEnd,
    at: (name) => join(folder, name),
    spec(spec) {
      const path = join(folder, `${spec.name}.json`);
      writeFileSync(path, JSON.stringify(spec));
      return path;
    },
    start,
    run: (args, env = {}) =>
      inProcess(run, { words: [stubMain, 'study', ...args], cwd: folder, env: { STUB_LOG: log, ...env } }),
    executed: () => readFileSync(log, 'utf8').split('\n').slice(0, -1),
  };
}

export function outcomeOf(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    texts.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    texts.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
}

/** Makes cells wait before they compute (STUB_GATE). Each announces its arm and index and waits to be let through. */
export interface Gate {
  readonly env: Readonly<Record<string, string>>;
  /** Returns the next waiting cell. */
  next(): Promise<Waiting>;
  /** Lets all cells through, waiting and future ones. */
  openWide(): void;
}

export interface Waiting {
  /** `ARM INDEX` */
  readonly cell: string;
  pass(): void;
}

export async function makeGate(place: Place): Promise<Gate> {
  const path = place.at('gate.sock');
  const arrived: Waiting[] = [];
  const asked: ((waiting: Waiting) => void)[] = [];
  const sockets = new Set<Socket>();
  let open = false;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // its process was killed
    socket.once('data', (data) => {
      if (open) {
        socket.end();
        return;
      }
      const waiting = { cell: data.toString().trim(), pass: () => void socket.end() };
      const ask = asked.shift();
      if (ask === undefined) arrived.push(waiting);
      else ask(waiting);
    });
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  place.onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    env: { STUB_GATE: path },
    next() {
      const waiting = arrived.shift();
      return waiting === undefined ? new Promise((resolve) => asked.push(resolve)) : Promise.resolve(waiting);
    },
    openWide() {
      open = true;
      for (const waiting of arrived.splice(0)) waiting.pass();
    },
  };
}

const RESULTS = [
  'plan.jsonl',
  'results.jsonl',
  'rounds.parquet',
  'probes.parquet',
  'costs.parquet',
  'heads.parquet',
];

/** Returns the bytes of all files that must not depend on how the study was run. */
export const resultsIn = (folder: string): Record<string, string> =>
  Object.fromEntries(RESULTS.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));

/** Returns the relative paths of all files under a folder, sorted. */
export const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** Returns the full paths of all cell files under a folder. */
export const cellsIn = (folder: string): string[] =>
  filesIn(folder)
    .filter((file) => /^cells\/.*\.json$/.test(file))
    .map((file) => join(folder, file));

export const linesOf = (path: string): unknown[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
