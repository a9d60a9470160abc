import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createOutput, type Output } from '../../src/cli/terminal/output.js';
import { filesUnder } from '../support/module-names.js';

/** Returns an output and a function that returns what reached its stream. */
function outputOf(stream: { readonly isTTY?: boolean; readonly columns?: number }): [Output, () => string] {
  const written: string[] = [];
  const output = createOutput({ ...stream, write: (text) => written.push(text) });
  return [output, () => written.join('')];
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('an output', () => {
  it('writes the styles of paint as escape sequences, and escapes everything else that acts on a terminal', () => {
    vi.stubEnv('NO_COLOR', '');
    const [output, written] = outputOf({ isTTY: true });
    output.lines([output.paint('name \u001b]0;title\u0007', 'bold', 'red'), '\u001b[31mplain\u009b2J']);
    expect(written()).toBe('\u001b[1;31mname \\u001b]0;title\\u0007\u001b[0m\n\\u001b[31mplain\\u009b2J\n');
  });

  it('adds no styles in a pipe and under NO_COLOR', () => {
    vi.stubEnv('NO_COLOR', '1');
    for (const isTTY of [true, false]) {
      const [output, written] = outputOf({ isTTY });
      output.text(output.paint('a\nb\n', 'bold'));
      expect(written()).toBe('a\nb\n');
    }
  });

  it('keeps every line on one line', () => {
    const [output, written] = outputOf({});
    output.lines(['model: a\nerror: b', 'c']);
    expect(written()).toBe('model: a\\u000aerror: b\nc\n');
  });

  it('draws over the current line, cut to the width', () => {
    const [output, written] = outputOf({ isTTY: true, columns: 12 });
    output.draw('\u001b[2Ja\nb, and more');
    expect(written()).toBe('\r\u001b[K\\u001b[2Ja\\');
  });
});

describe('the way to the terminal', () => {
  /** What reaches a terminal, or could move its cursor. */
  const REACHES =
    /\bprocess\.(?:stdout|stderr)\b|\bconsole\.|\\u001b|\\x1b|\\x9b|\\u009b|\bcreateInterface\b/;
  const DOORS = [
    'src/cli/terminal/editor/keys.ts', // what a terminal sends
    'src/cli/terminal/editor/screen.ts', // shows texts that `rowsOf` has made visible
    'src/cli/terminal/keyboard.ts',
    'src/cli/terminal/output.ts',
    'src/notes.ts', // in programs; a command sends notes to its Output
  ];

  it('is one: no other source writes to it', () => {
    const sources = filesUnder('src', /\.ts$/).filter((file) => !file.endsWith('.test.ts'));
    expect(sources.filter((file) => REACHES.test(readFileSync(file, 'utf8')))).toEqual(DOORS);
  });
});
