import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { run } from '../../src/cli/run.js';
import { type Environment, inProcess, type Outcome } from '../support/in-process.js';

export type { Environment, Outcome };

const root = fileURLToPath(new URL('../../', import.meta.url));
const main = join(root, 'dist/cli/main.js');

export const fixture = (path: string): string => join(root, 'test/fixtures', path);

/** Starts the built command as a process of its own. */
export const start = (args: readonly string[], env: Environment = {}) =>
  spawn(process.execPath, [main, ...args], { stdio: 'pipe', env: { ...process.env, ...env } });

/** Runs the built command to its end, as a process of its own. */
export function holdfastProcess(
  args: readonly string[],
  stdin: string | Uint8Array = '',
  env: Environment = {},
): Promise<Outcome> {
  const child = start(args, env);
  child.stdin.end(stdin);
  return outcomeOf(child);
}

/** Runs the command in this process. `processes.test.ts` shows that the built command does the same as a process of its own. */
export const holdfast = (
  args: readonly string[],
  stdin: string | Uint8Array = '',
  env: Environment = {},
): Promise<Outcome> => inProcess(run, { words: [main, ...args], stdin, env });

/** Waits for a started command to end. */
export function outcomeOf(child: ReturnType<typeof start>): Promise<Outcome> {
  const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
    let text = '';
    for await (const chunk of stream) text += chunk;
    return text;
  };
  return new Promise((resolve, reject) => {
    const texts = Promise.all([read(child.stdout), read(child.stderr)]);
    child.on('error', reject);
    child.on('close', (code) => texts.then(([stdout, stderr]) => resolve({ code, stdout, stderr }), reject));
  });
}

/** Runs a command that must succeed, and returns its output. */
export async function succeed(args: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await holdfast(args, stdin);
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Expects an exit code and exactly one line of output, the error. */
export function expectFailure(outcome: Outcome, code: number, message: RegExp): void {
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr).toMatch(/^error: [^\n]+\n$/);
  expect(outcome.stdout).toBe('');
  expect(outcome.code).toBe(code);
}

/** Creates a folder that is deleted after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Writes a temporary file, text as it is and anything else as JSON, and returns its path. */
export function temporaryFile(name: string, content: unknown): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(
    path,
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
  );
  return path;
}
