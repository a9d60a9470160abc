import { fork } from 'node:child_process';
import { HoldfastError } from '../../errors.js';
import { packageFile } from '../../package.js';
import { type AcceleratorName, requireAccelerator } from './library.js';
import type { ProbeModel } from './probe-model.js';

/** What the child is asked to try: a device, and a small model on it. */
export interface ProbeTask {
  readonly name: AcceleratorName;
  readonly model: ProbeModel | null;
}

/** What the child answers: the device before it opens it, then how it ended. */
export type ProbeReply =
  | { readonly kind: 'device'; readonly device: string }
  | { readonly kind: 'works'; readonly description: string }
  | { readonly kind: 'fails'; readonly why: string };

/** The child's program. It is built code, also for tests, which run the sources. */
const PROGRAM = packageFile('dist/executors/ggml/probe-child.js');

/** Drivers may compile kernels for a minute at the first use. */
const LIMIT_MS = 180_000;

const done = new Map<string, Promise<string>>();

/**
 * Tries a device in another process, once per process and kind of model: ggml and drivers end the process if a device
 * lacks what they need.
 * @param model what to run on it besides ggml's operations
 * @returns a description of ggml and the device
 * @throws HoldfastError `E_EXECUTOR` if the device cannot be used
 */
export function probeDevice(name: AcceleratorName, model: ProbeModel | null): Promise<string> {
  requireAccelerator(name);
  const key = JSON.stringify([name, model, model && [...model.types]]);
  let probe = done.get(key);
  if (probe === undefined) {
    probe = tryInChild(PROGRAM, { name, model }, LIMIT_MS);
    done.set(key, probe);
  }
  return probe;
}

/**
 * Gives a task to a program in a child process. The device works if the child says so and then ends without an error.
 * @throws HoldfastError `E_EXECUTOR`
 */
export function tryInChild(program: string, task: ProbeTask, limitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = fork(program, {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let device = 'the device';
    let last: ProbeReply | undefined;
    let errors = '';
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, limitMs);
    const fail = (what: string): void => {
      const hint = 'Use --executor cpu. A newer driver may work';
      reject(
        new HoldfastError('E_EXECUTOR', `the ${task.name} executor is not available: ${what}`, { hint }),
      );
    };
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4096);
    });
    child.on('message', (reply: ProbeReply) => {
      last = reply;
      if (reply.kind === 'device') device = reply.device;
    });
    child.on('error', (error) => {
      clearTimeout(limit);
      fail(`no process could be started to try it: ${error.message}`);
    });
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      if (isLate) fail(`${device} did not finish a small graph in ${limitMs / 1000} s`);
      else if (code !== 0)
        fail(`${device} ended the process that tried it (${signal ?? `exit code ${code}`})${said(errors)}`);
      else if (last?.kind === 'works') resolve(last.description);
      else if (last?.kind === 'fails') reject(new HoldfastError('E_EXECUTOR', withoutCode(last.why)));
      else fail(`the process that tried ${device} gave no answer`);
    });
    child.send(task, (error) => {
      if (error) child.kill('SIGKILL');
    });
  });
}

/** The last lines that a process wrote to its standard error. */
function said(errors: string): string {
  const lines = errors
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.length === 0 ? '' : `: ${lines.slice(-3).join(' ')}`;
}

const withoutCode = (message: string): string => message.replace(/^E_\w+: /, '');
