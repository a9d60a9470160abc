import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectFailure, fixture, holdfast, temporaryFile, temporaryFolder } from './holdfast.js';

const llama = fixture('models/llama');
const SHORT = ['--max-tokens', '4', '--temperature', '0', '--threads', '1'];

/** Runs a chat whose input are these lines, and returns the lines of its notes and errors, and its turns. */
async function chat(lines: readonly string[], args: readonly string[] = ['--system', 'Hold.']) {
  const outcome = await holdfast(['chat', llama, ...SHORT, ...args, '--json'], `${lines.join('\n')}\n`);
  const objects = outcome.stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; turn?: number; user?: string; message?: string });
  return {
    notes: outcome.stderr.trim().split('\n'),
    turns: objects.filter(({ type }) => type === 'turn'),
    errors: objects.flatMap(({ type, message }) => (type === 'error' ? [message!] : [])),
    code: outcome.code,
  };
}

describe('in a chat', () => {
  it('several lines in quotes are one message, and a file is one', async () => {
    const file = temporaryFile('message.txt', 'from\na file\n');
    const { turns, errors } = await chat(['"""one', '', 'two"""', `/file ${file}`, '"""', 'no end']);
    expect(turns.map(({ user }) => user)).toEqual(['one\n\ntwo', 'from\na file']);
    expect(errors).toEqual([expect.stringMatching(/E_USAGE: the text that begins with """ has no end/)]);
  });

  it('/undo takes back one turn, /clear all of them, and both forget the shares', async () => {
    const lines = ['one', 'two', '/undo', '/shares', 'three', '/clear', '/undo', '/shares', 'four'];
    const { turns, notes, errors } = await chat(lines);
    expect(turns.map(({ turn, user }) => `${turn} ${user}`)).toEqual(['1 one', '2 two', '2 three', '1 four']);
    expect(notes).toContain('took back turn 2: two');
    expect(errors.map((error) => error.slice(0, 50))).toEqual([
      expect.stringMatching(/E_DIALOGUE: there is no answer yet whose shares/),
      expect.stringMatching(/E_DIALOGUE: the dialogue has no answer yet/),
      expect.stringMatching(/E_DIALOGUE: there is no answer yet whose shares/),
    ]);
  });

  it('/undo leaves loaded messages, /clear forgets them, and a comparison does both on both sides', async () => {
    const messages = [
      { role: 'system', content: 'Hold.' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ];
    const load = ['--load', temporaryFile('loaded.json', messages), '--policy', 'boost', '--strength', '2'];
    const { turns, errors } = await chat(
      ['one', '/undo', '/undo', 'two', '/clear', 'three'],
      [...load, '--compare'],
    );
    expect(turns.map(({ turn, user }) => `${turn} ${user}`)).toEqual(
      ['2 one', '2 two', '1 three'].flatMap((each) => [each, each]),
    );
    expect(errors).toEqual([expect.stringMatching(/no answer of this chat is left to take back.*\/clear/)]);
  });

  it('/set changes a setting from the next answer on, and shows it', async () => {
    const { notes, errors, turns } = await chat([
      '/set max-tokens 2',
      'one',
      '/set temperature',
      '/set temprature 1',
      '/set cache warm',
      '/set top-k x',
      '/set min-p 7',
      '/set policy off',
      '/set',
    ]);
    expect(turns[0]).toMatchObject({ tokens: 2 });
    expect(notes.slice(0, 2)).toEqual(['max-tokens 2', 'temperature 0']);
    expect(errors).toEqual([
      expect.stringMatching(/E_USAGE: "temprature" is not a setting\. Did you mean temperature\?/),
      expect.stringMatching(/E_USAGE: "warm" is not a value of cache\. It is held or clean\./),
      expect.stringMatching(/E_USAGE: "x" is not a value of top-k\. It must be a number\./),
      expect.stringMatching(/E_SAMPLING: minP takes a number from 0 to 1/),
      expect.stringMatching(/E_USAGE: "policy" is not a setting\. Did you mean \/policy\?/),
    ]);
    expect(notes.slice(2)).toContain('on-context-full     error');
    expect(notes.slice(2).every((row) => /^[a-z-]+ +\S/.test(row))).toBe(true);
  });

  it('/save replaces only an earlier state of the dialogue, unless it is told to', async () => {
    const folder = temporaryFolder();
    const [file, other] = [join(folder, 'a.json'), join(folder, 'b.json')];
    writeFileSync(other, 'of before');
    const { errors } = await chat(['one', `/save ${file}`, 'two', `/save ${file}`, `/save ${other}`]);
    expect(errors).toEqual([
      expect.stringMatching(/E_UNWRITABLE: the file exists \(.*b\.json\)\. .* \/save --force .*b\.json$/),
    ]);
    expect(JSON.parse(readFileSync(file, 'utf8')).turns).toHaveLength(2);
    expect(readFileSync(other, 'utf8')).toBe('of before');
    // A dialogue that was loaded continues there; one that begins anew does not.
    const continued = await chat(
      ['three', `/save ${file}`, '/clear', 'four', `/save ${file}`],
      ['--load', file],
    );
    expect(continued.errors).toEqual([expect.stringMatching(/E_UNWRITABLE: the file exists \(.*a\.json\)/)]);
    expect(JSON.parse(readFileSync(file, 'utf8')).turns).toHaveLength(3);
    expect((await chat(['one', `/save --force ${other}`])).errors).toEqual([]);
    expect(JSON.parse(readFileSync(other, 'utf8')).turns).toHaveLength(1);
  });

  it('/context and /stats count tokens', async () => {
    const { notes } = await chat(['/context', '/stats', 'hello', '/context', '/stats']);
    const [before, room, none, after, left, last, all] = notes;
    const taken = (line: string | undefined) => Number(/^(\d+) of \d+ tokens are taken/.exec(line!)![1]);
    const free = (line: string | undefined) => Number(/the next message may have (\d+)$/.exec(line!)![1]);
    expect(none).toBe('there is no answer yet');
    expect(taken(after)).toBeGreaterThan(taken(before));
    expect(free(room) - free(left)).toBe(taken(after) - taken(before));
    expect(last).toMatch(/^last answer: read \d+ tokens in \d+ ms, [\d.]+ tokens\/s; wrote 4 in /);
    expect(all).toMatch(/^this chat: 1 answer, \d+ tokens read and 4 written in \d+ ms$/);
  });
});

describe('a full context', () => {
  const CONTEXT = ['--system', 'Hold.', '--context', '64'];

  it('names the ways out, by their names in a chat, and each of them works', async () => {
    const words = 'one two three four five six seven eight nine ten';
    const { errors, turns } = await chat(
      [words, words, words, '/set on-context-full drop-oldest', words, '/undo', '/clear', words],
      CONTEXT,
    );
    expect(errors[0]).toMatch(
      /^E_CONTEXT_FULL: a dialogue of \d+ tokens and an answer of up to 4 do not fit a context of 64\. \/set on-context-full drop-oldest .*\/undo .*\/clear .*--context \d+, up to \d+\.$/,
    );
    expect(turns.at(-2)).toMatchObject({ dropped: expect.arrayContaining([1]) });
    expect(turns.at(-1)).toMatchObject({ turn: 1 });
  });

  it('says of one message that is too long how long it is, and only what helps against that', async () => {
    const long = Array.from({ length: 60 }, () => 'rope').join(' ');
    const { errors, notes } = await chat(
      ['/set on-context-full error', long, '/context', 'hi', long, '/set on-context-full drop-oldest', long],
      CONTEXT,
    );
    const [, words, rest, room] =
      /the message alone is too long, (\d+) tokens: beside the rest of the prompt \((\d+) tokens\) and an answer of up to 4, a context of 64 has room for (\d+)\./
        .exec(errors[0]!)!
        .map(Number);
    expect(words).toBeGreaterThan(room!);
    expect(rest! + room! + 4).toBe(64);
    expect(notes).toContainEqual(expect.stringMatching(new RegExp(`the next message may have ${room}$`)));
    const needed = rest! + words! + 4;
    // Not even an empty dialogue has room: neither forgetting turns nor a shorter answer would help.
    for (const error of errors) {
      expect(error).toMatch(
        new RegExp(
          `has room for ${room}\\. Shorten the message to ${room} tokens; a new chat can have a longer context: --context ${needed}, up to \\d+\\.$`,
        ),
      );
    }
    expect(errors).toHaveLength(3);
    // What the hint names is enough.
    const longer = await chat([long], ['--system', 'Hold.', '--context', `${needed}`]);
    expect(longer.errors).toEqual([]);
    const fitting = Array.from({ length: Math.floor((60 * room!) / words!) }, () => 'rope').join(' ');
    expect((await chat([fitting], CONTEXT)).errors).toEqual([]);
  });

  it('names a shorter answer only if the message then fits, with the length that is left for it', async () => {
    const context = ['--system', 'Hold.', '--context', '128'];
    const left = (error: string | undefined): string | undefined =>
      /\/set max-tokens (\d+) shortens the answer to what fits \(from the start: --max-tokens\)/.exec(
        error!,
      )?.[1];
    const alone = await chat(['/set max-tokens 120', 'hi'], context);
    const after = await chat(['hi', '/set max-tokens 100', 'hi'], context);
    for (const [{ errors, turns }, lines] of [
      [alone, ['hi']],
      [after, ['hi', 'hi']],
    ] as const) {
      expect(errors).toHaveLength(1);
      const mended = await chat([...lines.slice(1), `/set max-tokens ${left(errors[0])}`, 'hi'], context);
      expect(mended.errors).toEqual([]);
      expect(mended.turns).toHaveLength(turns.length + 1);
      const more = Number(left(errors[0])) + 1;
      expect((await chat([...lines.slice(1), `/set max-tokens ${more}`, 'hi'], context)).errors).toHaveLength(
        1,
      );
    }
  });

  it('names a shorter answer together with a shorter message if neither is enough alone', async () => {
    const long = 'rope '.repeat(300);
    const tight = ['--context', '256', '--max-tokens', '2048'];
    const { errors } = await chat([long], tight);
    const [, answer, message] =
      /has no room for a message\. \/set max-tokens (\d+) leaves (\d+) tokens for a message: shorten it to that too\./
        .exec(errors[0]!)!
        .map(Number);
    expect(answer).toBeGreaterThan(50);
    // What the hint names is enough.
    const { errors: after } = await chat([`/set max-tokens ${answer}`, long], tight);
    expect(after).toEqual([
      expect.stringMatching(new RegExp(`\\. Shorten the message to ${message} tokens`)),
    ]);
  });

  it('always names a way out, also where the template alone fills the context', async () => {
    const { errors } = await chat(['rope '.repeat(9000)], ['--context', '8', '--max-tokens', '2']);
    expect(errors).toEqual([
      expect.stringMatching(/\. Start a new chat with a longer context \(--context\) /),
    ]);
  });

  it('without room for any message says so', async () => {
    const { errors } = await chat(['hi'], ['--system', 'rope '.repeat(70), '--context', '64']);
    expect(errors[0]).toMatch(/E_CONTEXT_FULL: beside the rest of the prompt .* has no room for a message/);
  });
});

describe('the system prompt', () => {
  it('comes from a file with --system-file', async () => {
    const file = temporaryFile('prompt.txt', 'Hold.\n');
    const { notes } = await chat(['/system'], ['--system-file', file]);
    expect(notes).toEqual(['system prompt: Hold.']);
  });

  it.each([
    ['@prompt.txt', 'prompt.txt'],
    ['package.json', 'package.json'],
  ])('that is %s is taken for a file, with the hint', async (text, file) => {
    const outcome = await holdfast(['chat', llama, '--system', text]);
    expectFailure(outcome, 2, new RegExp(`is a file\\. .* --system-file ${file}\n$`));
    const inside = await chat([`/system ${text}`]);
    expect(inside.errors).toEqual([expect.stringContaining(`--system-file ${file}`)]);
  });

  it('is given once, and is not blank', async () => {
    const file = temporaryFile('prompt.txt', 'Hold.\n');
    expectFailure(
      await holdfast(['chat', llama, '--system', 'a', '--system-file', file]),
      2,
      /'--system-file <file>' cannot be used with option '--system <text>'/,
    );
    const blank = temporaryFile('blank.txt', '\n');
    expectFailure(await holdfast(['chat', llama, '--system-file', blank]), 2, /blank.*blank\.txt/);
  });
});
