import { describe, expect, it } from 'vitest';
import { entryOf, readInput } from '../../src/cli/chat/chat-input.js';
import { createEditor, type Editor, type EditorOptions } from '../../src/cli/terminal/editor/editor.js';
import { createKeyDecoder } from '../../src/cli/terminal/editor/keys.js';
import { FakeTerminal } from '../support/fake-terminal.js';

/** An editor on a fake terminal, and what is typed into it as a terminal sends it. */
interface Desk {
  readonly terminal: FakeTerminal;
  readonly editor: Editor;
  readonly entries: string[];
  type(...chunks: readonly string[]): void;
}

function desk(options: Partial<EditorOptions> = {}, columns = 20, rows = 10): Desk {
  const terminal = new FakeTerminal(columns, rows);
  const entries: string[] = [];
  const editor = createEditor(terminal, {
    prompt: '> ',
    history: [],
    onEntry: (entry) => entries.push(entry),
    entryOf: (text) => text,
    complete: (before) => ({ start: before.length, candidates: [] }),
    onInterrupt: () => false,
    onFirstInterrupt: () => terminal.write('again\r\n'),
    onEnd: () => {},
    onSuspend: () => {},
    ...options,
  });
  const decoder = createKeyDecoder();
  return {
    terminal,
    editor,
    entries,
    type(...chunks) {
      for (const chunk of chunks) for (const key of decoder.push(chunk)) editor.press(key);
    },
  };
}

const ESCAPE = '\u001b';
const LEFT = `${ESCAPE}[D`;
const UP = `${ESCAPE}[A`;
const DOWN = `${ESCAPE}[B`;
const HOME = `${ESCAPE}[H`;
const paste = (text: string): string => `${ESCAPE}[200~${text}${ESCAPE}[201~`;

/** Types into an editor that is being read, and returns its screen. */
function screenAfter(...chunks: readonly string[]): Desk {
  const all = desk();
  void all.editor.read();
  all.type(...chunks);
  return all;
}

describe('a pasted text', () => {
  it('of three lines is one entry', async () => {
    const { editor, type, entries } = desk();
    const read = editor.read();
    type(paste('one\rtwo\r\nthree'), '\r');
    expect(await read).toBe('one\ntwo\nthree');
    expect(entries).toEqual(['one\ntwo\nthree']);
  });

  it('may arrive in pieces, its end mark too, and loses what would act on a terminal', async () => {
    const { editor, type } = desk();
    const read = editor.read();
    type(`${ESCAPE}[20`, `0~a\u0007\tb${ESCAPE}[2`, '01~c\r');
    expect(await read).toBe('a\tbc');
  });

  it.each([
    ['quotes', paste('"""Doc."""\ndef f(): ...'), 'message', '"""Doc."""\ndef f(): ...'],
    ['quotes that are not closed', paste('"""Doc.'), 'message', '"""Doc.'],
    ['nothing but quotes', paste('"""'), 'message', '"""'],
    ['quotes after a command', `/system ${paste('"""Hold.\nFast."""')}`, 'command', '"""Hold.\nFast."""'],
    ['quotes at the end of a block', `"""a ${paste('b"""')}\rc"""`, 'message', 'a b"""\nc'],
    ['quotes in a block', `"""${paste('"""a"""')}"""`, 'message', '"""a"""'],
    ['quotes that were cut and inserted again', `${paste('"""a')}\u0015\u0019`, 'message', '"""a'],
    ['quotes that were left for another entry', `${paste('"""a')}${UP}${DOWN}`, 'message', '"""a'],
    ['a comment', paste('// swap\nint t;'), 'message', '// swap\nint t;'],
    ['a path', paste('/etc/hosts is what?'), 'message', '/etc/hosts is what?'],
    ['a path and quotes', paste('/etc """a\nb"""'), 'message', '/etc """a\nb"""'],
    ['a command', paste('/system Hold.'), 'command', 'Hold.'],
  ])('with %s is text', async (_, typed, kind, text) => {
    const { editor, type, entries } = desk({ entryOf, history: ['earlier'] });
    const read = editor.read();
    type(typed, '\r');
    const entry = (await read)!;
    const expected = { kind, [kind === 'message' ? 'text' : 'argument']: text };
    expect(readInput(entry)).toMatchObject(expected);
    // What the history brings back is the same.
    expect(entries).toEqual([entry]);
    const again = editor.read();
    type(UP, '\r');
    expect(readInput((await again)!)).toMatchObject(expected);
  });

  it('stands in rows under the prompt', () => {
    expect(screenAfter(paste('one\ntwo words and more words\nthree')).terminal.text).toBe(
      '> one\n  two words and\n  more words\n  three',
    );
  });
});

describe('several lines', () => {
  it('are written with Ctrl-J and with Alt-Enter', async () => {
    const { editor, type } = desk();
    const read = editor.read();
    type('one', '\n', 'two', `${ESCAPE}\r`, 'three', '\r');
    expect(await read).toBe('one\ntwo\nthree');
  });

  it('in typed quotes end with typed quotes', async () => {
    const { editor, type } = desk({ entryOf });
    const read = editor.read();
    type('"""one\rtwo"""\r');
    expect(readInput((await read)!)).toEqual({ kind: 'message', text: 'one\ntwo' });
  });

  it('go on at Enter until the entry is complete', async () => {
    const { editor, type } = desk({ entryOf: (text) => (text.endsWith('.') ? text : null) });
    const read = editor.read();
    type('one\rtwo.\r');
    expect(await read).toBe('one\ntwo.');
  });
});

describe('a wrapped line', () => {
  it('breaks between words, keeps to the width, and is there once whatever is edited in it', () => {
    const long = 'the quick brown fox jumps over the lazy dog';
    const shown = screenAfter(...long);
    expect(shown.terminal.text).toBe('> the quick brown\n  fox jumps over\n  the lazy dog');
    // Insert, delete and move inside its first row.
    shown.type(HOME, 'see ', `${ESCAPE}[3~`, `${ESCAPE}[3~`, `${ESCAPE}[3~`, `${ESCAPE}[3~`);
    expect(shown.terminal.text).toBe('> see quick brown\n  fox jumps over\n  the lazy dog');
    expect(shown.terminal.cursor).toEqual({ row: 0, column: 6 });
    shown.type('\u0017', 'a very very ');
    expect(shown.terminal.text).toBe('> a very very quick\n  brown fox jumps\n  over the lazy dog');
  });

  it('breaks a word that fills a row, and counts wide characters as two columns', () => {
    expect(screenAfter('a'.repeat(40)).terminal.text).toBe(
      `> ${'a'.repeat(17)}\n  ${'a'.repeat(17)}\n  aaaaaa`,
    );
    const { terminal } = screenAfter('漢字'.repeat(5));
    expect(terminal.text).toBe(`> ${'漢字'.repeat(4)}\n  漢字`);
    expect(terminal.cursor).toEqual({ row: 1, column: 6 });
  });

  it('is drawn again in a window of another width', () => {
    const shown = screenAfter('the quick brown fox jumps');
    shown.terminal.columns = 40;
    shown.editor.refresh();
    expect(shown.terminal.text).toBe('> the quick brown fox jumps');
  });

  it('longer than the terminal shows the rows around the cursor, and all of them once it is entered', () => {
    const lines = Array.from({ length: 8 }, (_, index) => `line ${index}`);
    const all = desk({}, 20, 4);
    void all.editor.read();
    all.type(paste(lines.join('\n')));
    expect(all.terminal.text).toBe('  line 4\n  line 5\n  line 6\n  line 7');
    all.type(UP, UP, UP, UP, UP);
    expect(all.terminal.text).toBe('> line 0\n  line 1\n  line 2\n  line 3');
    expect(all.terminal.cursor.row).toBe(2);
    all.type('\r');
    expect(all.terminal.text).toBe(
      lines.map((line, index) => `${index === 0 ? '>' : ' '} ${line}`).join('\n'),
    );
  });
});

describe('keys', () => {
  it.each([
    ['Ctrl-A and Ctrl-E', ['b', '\u0001', 'a', '\u0005', 'c'], 'abc'],
    ['the arrows', ['ac', LEFT, 'b'], 'abc'],
    ['backspace over a whole grapheme', ['a👩‍🚀', '\u007f', 'b'], 'ab'],
    ['Delete', ['abc', LEFT, LEFT, `${ESCAPE}[3~`], 'ac'],
    ['words: Alt-B, Ctrl-right', ['two', `${ESCAPE}b`, 'one ', `${ESCAPE}[1;5C`, ' three'], 'one two three'],
    ['Ctrl-W, Ctrl-Y', ['one two', '\u0017', '\u0019', ' ', '\u0019'], 'one two two'],
    ['Ctrl-U and Ctrl-K', ['one two', '\u0015', 'x', '\u0002', '\u000b', 'y'], 'y'],
    ['Ctrl-D inside a text', ['ab', '\u0001', '\u0004'], 'b'],
    ['keys that do nothing', ['a', `${ESCAPE}[24~`, '\u0007', `${ESCAPE}q`, 'b'], 'ab'],
    ['up and down in a text of several lines', ['one\ntwo', UP, '!', DOWN, '?'], 'one!\ntwo?'],
  ])('%s', async (_, chunks, entry) => {
    const { editor, type } = desk();
    const read = editor.read();
    type(...chunks, '\r');
    expect(await read).toBe(entry);
  });

  it('hold back the start of a sequence, and drop it if its rest does not come', () => {
    const decoder = createKeyDecoder();
    expect(decoder.push(`a${ESCAPE}`)).toEqual([{ kind: 'text', text: 'a' }]);
    expect(decoder.waits).toBe(true);
    decoder.drop();
    expect(decoder.push('b')).toEqual([{ kind: 'text', text: 'b' }]);
    expect(decoder.waits).toBe(false);
  });
});

describe('the history', () => {
  it('brings back earlier entries, those of other sessions too, and keeps what was being written', async () => {
    const { editor, type } = desk({ history: ['first'] });
    const first = editor.read();
    type('second\nline\r');
    await first;
    const read = editor.read();
    type('draft', UP, UP, UP, DOWN, DOWN, '!', '\r');
    // Up to the second line of the entry, to its first line, and to the entry before it.
    expect(await read).toBe('draft!');
    const last = editor.read();
    type(UP, UP, UP, UP, '\r');
    expect(await last).toBe('first');
  });
});

describe('Tab', () => {
  const complete = (before: string) => ({
    start: 0,
    candidates: ['/strength ', '/stats ', '/quit '].filter((name) => name.startsWith(before)),
  });

  it('completes as far as the candidates agree, and then lists them above the prompt', () => {
    const all = desk({ complete }, 40);
    void all.editor.read();
    all.type('/s', '\t');
    expect(all.terminal.text).toBe('> /st');
    all.type('\t');
    expect(all.terminal.text).toBe('> /st\n/strength  /stats\n> /st');
    all.type('a\t');
    expect(all.terminal.text).toBe('> /st\n/strength  /stats\n> /stats');
    expect(all.terminal.cursor.column).toBe(9);
    all.type('x\t');
    expect(all.terminal.cursor.column).toBe(10);
  });
});

describe('Ctrl-C', () => {
  it('clears the text, and ends the input when pressed twice', async () => {
    const { editor, type, terminal, entries } = desk();
    const read = editor.read();
    type('half a', '\u0003');
    expect(terminal.text).toBe('> half a\nagain\n>');
    type('x', '\u007f', '\u0003');
    expect(terminal.text).toMatch(/>\nagain\n>$/);
    type('\u0003');
    expect(await read).toBeNull();
    expect(await editor.read()).toBeNull();
    expect(entries).toEqual([]);
  });

  it('stops what is in progress instead, if there is anything', () => {
    let stopped = 0;
    const { type, terminal } = desk({
      onInterrupt: () => {
        stopped++;
        return true;
      },
    });
    type('\u0003', '\u0003');
    expect(stopped).toBe(2);
    expect(terminal.text).toBe('');
  });
});

describe('what is typed while no entry is read', () => {
  it('is not shown until then; entries wait, and a text that was begun goes on', async () => {
    const { editor, type, terminal } = desk();
    type('one\rtwo\rthr');
    expect(terminal.text).toBe('');
    expect(await editor.read()).toBe('one');
    expect(await editor.read()).toBe('two');
    const read = editor.read();
    type('ee\r');
    expect(await read).toBe('three');
    expect(terminal.text).toBe('> one\n> two\n> three');
  });

  it('ends the input at Ctrl-D, after the entries that wait', async () => {
    const { editor, type } = desk();
    type('one\r', '\u0004', 'two\r');
    expect(await editor.read()).toBe('one');
    expect(await editor.read()).toBeNull();
  });
});
