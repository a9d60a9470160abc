import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Environment } from './holdfast.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Whether `script` is that of util-linux, which passes on a child's exit code; other systems have another, or none. */
export const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** Runs a command on a pseudo-terminal. Types each text once its awaited output has appeared after the previous one. */
export async function type(
  args: readonly string[],
  dialogue: readonly (readonly [awaited: RegExp, typed: string])[],
  env: Environment = {},
): Promise<{ readonly screen: string; readonly code: number | null }> {
  const command = [process.execPath, main, ...args];
  const child = spawn('script', ['-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', ...env },
  });
  onTestFinished(() => void child.kill());
  let screen = '';
  let seen = 0;
  const waiting = [...dialogue];
  child.stdout.on('data', (chunk) => {
    screen += chunk;
    const next = waiting[0];
    if (next?.[0].test(screen.slice(seen)) !== true) return;
    seen = screen.length;
    waiting.shift();
    child.stdin.write(next[1]);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { screen, code };
}
