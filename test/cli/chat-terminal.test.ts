import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, temporaryFolder } from './holdfast.js';
import { hasScript, type } from './terminal.js';

const llama = fixture('models/llama');
const talk = (args: readonly string[], dialogue: Parameters<typeof type>[1], state = temporaryFolder()) =>
  type(['chat', ...args, '--threads', '1'], dialogue, { XDG_STATE_HOME: state });

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

describe.skipIf(!hasScript)('at a terminal', () => {
  it('stops the answer but not the chat at Ctrl-C, and ends at Ctrl-D', async () => {
    const { screen, code } = await talk(
      [llama, '--system', 'Hold.', '--max-tokens', '440', '--temperature', '0'],
      [
        [/> /, 'hello\r'],
        // More than the sign of life that the prompt is read.
        [/hello\r+\n[\s\S]{300}/, CTRL_C],
        [/\(stopped\)/, '/shares\r'],
        [/assistant +0\.\d/, CTRL_D],
      ],
    );
    expect(screen).toMatch(/prompt \.\d{3} [▁-█] · sink \.\d{3} .*\(stopped\)/);
    expect(code).toBe(0);
  });

  it('shows a hint at the first Ctrl-C at the prompt, and ends at the second', async () => {
    const { screen, code } = await talk(
      [llama, '--system', 'Hold.', '--hold', '--max-tokens', '8'],
      [
        [/> /, 'half a li'],
        [/half a li/, CTRL_C],
        [/to end the chat/, CTRL_C],
      ],
    );
    expect(screen).toContain('split-softmax, k 1 → 0.6, 0.04 a turn');
    expect(screen).not.toContain('tokens/s');
    expect(code).toBe(0);
  });

  it('takes pasted lines as one message, and brings it back in the next chat', async () => {
    const state = temporaryFolder();
    const short = ['--system', 'Hold.', '--max-tokens', '4'];
    const first = await talk(
      [llama, ...short],
      [
        [/> /, '\u001b[200~one\rtwo\rthree\u001b[201~\r'],
        [/tokens\/s/, '/stats\r'],
        [/1 answer/, CTRL_D],
      ],
      state,
    );
    expect(first.screen.replaceAll('\r', '')).toContain('> one\n  two\n  three');
    const next = await talk(
      [llama, ...short],
      [
        [/> /, '\u001b[A\u001b[A'],
        [/ {2}three/, CTRL_C],
        [/to end the chat/, CTRL_D],
      ],
      state,
    );
    expect(next.code).toBe(0);
    expect(statSync(join(state, 'holdfast/chat-history.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('without a MODEL says which model it uses, before the welcome', async () => {
    const { screen, code } = await talk([], [[/> /, CTRL_D]]);
    expect(screen).toMatch(/^note: no model named, [^\n]+\n[^>]*\/help lists\s+commands/);
    expect(code).toBe(0);
  });
});
