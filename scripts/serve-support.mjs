/** Starts `holdfast serve` for scripts, and asks it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** Arguments of a server whose answers cost next to nothing. */
export const SHORT_ANSWERS = [
  'organism',
  ...['--threads', '1'],
  ...['--max-tokens', '2'],
  // The longest answer that a request can ask for.
  ...['--context', '256'],
  ...['--cache-memory', '0.2'],
];

/** Starts a server on a free port. Its log is thrown away. */
export async function startServer(args) {
  const child = spawn(process.execPath, [main, 'serve', ...args, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors = [];
  child.stderr.on('data', (chunk) => {
    if (errors.length < 50) errors.push(chunk);
  });
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => {
      throw new Error(`the server did not start: ${Buffer.concat(errors)}`);
    }),
  ]);
  const url = line.replace('listening on ', '');
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    get alive() {
      return child.exitCode === null && child.signalCode === null;
    },
    memory: () => memoryOf(child.pid),
    /** Sends SIGTERM, and returns the exit code. */
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      return (await exit)[0];
    },
  };
}

/** Returns a server that another program has started. It is not stopped. */
export function serverAt(url, pid) {
  return { url, memory: () => memoryOf(pid), stop: async () => 0 };
}

/** Returns the memory of a process in MiB; null if it has just ended: it has none before it is gone. */
export function memoryOf(pid) {
  const path = `/proc/${pid}/status`;
  const found = existsSync(path) ? /VmRSS:\s+(\d+)/.exec(readFileSync(path, 'utf8')) : null;
  return found && Number(found[1]) / 1024;
}

/** Returns a number of the server's metrics, the sum over labels. */
export async function metric(url, name) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Returns the quantile of some numbers. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
