import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fixture } from './holdfast.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const llama = fixture('models/llama');
/** Of util-linux, with a child's exit code handed on; other systems have another `script`, or none. */
const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** Types on a pseudo-terminal: each text once what is awaited has been shown, after what was shown before. */
async function type(
  args: readonly string[],
  dialogue: readonly (readonly [awaited: RegExp, typed: string])[],
): Promise<{ readonly screen: string; readonly code: number | null }> {
  const command = [process.execPath, main, 'chat', ...args, '--threads', '1'];
  const child = spawn('script', ['-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
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

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

describe.skipIf(!hasScript)('at a terminal', () => {
  it('Ctrl-C stops the answer and not the chat, and Ctrl-D ends it', async () => {
    const { screen, code } = await type(
      [llama, '--system', 'Hold.', '--max-tokens', '440', '--temperature', '0'],
      [
        [/> /, 'hello\r'],
        [/hello\s+\S/, CTRL_C],
        [/\(stopped\)/, '/shares\r'],
        [/prefix after/, CTRL_D],
      ],
    );
    expect(screen).toMatch(/system prompt 0\.\d{3} .*\(stopped\)/);
    expect(code).toBe(0);
  });

  it('Ctrl-C at the prompt is a hint, and a second one ends the chat', async () => {
    const { screen, code } = await type(
      [llama, '--system', 'Hold.', '--hold', '--max-tokens', '8'],
      [
        [/> /, 'half a li'],
        [/half a li/, CTRL_C],
        [/ends the chat/, CTRL_C],
      ],
    );
    expect(screen).toContain('split-softmax, k from 1 to 0.6 by 0.04 a turn');
    expect(screen).not.toContain('tokens/s');
    expect(code).toBe(0);
  });

  it('without a model says which one it is, before the welcome', async () => {
    const { screen, code } = await type([], [[/> /, CTRL_D]]);
    expect(screen).toMatch(/^note: no model named, [^\n]+\n[^\n]*\/help lists commands/);
    expect(code).toBe(0);
  });
});
