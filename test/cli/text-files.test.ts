import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  expectFailure,
  fixture,
  holdfast,
  outcomeOf,
  start,
  succeed,
  temporaryFile,
  temporaryFolder,
} from './holdfast.js';

const llama = fixture('models/llama');
const BOM = '\ufeff';
const MESSAGES = [{ role: 'user', content: 'Où est le café ?' }];
const JSON_TEXT = JSON.stringify(MESSAGES);
const CHAT = ['chat', llama, '--max-tokens', '2', '--temperature', '0', '--threads', '1'];

/** Returns the arguments that show a dialogue's tokens. */
const tokens = (file: string): string[] => ['tokens', llama, '--chat', file, '--now', '2026-01-31', '--json'];

describe('a dialogue', () => {
  it('is read with and without a byte order mark, from a file and from standard input', async () => {
    const expected = await succeed(tokens(temporaryFile('d.json', JSON_TEXT)));
    expect(JSON.parse(expected).text).toContain('Où est le café ?');
    expect(await succeed(tokens(temporaryFile('d.json', BOM + JSON_TEXT)))).toBe(expected);
    expect(await succeed(tokens('-'), JSON_TEXT)).toBe(expected);
    expect(await succeed(tokens('-'), BOM + JSON_TEXT)).toBe(expected);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['in Latin-1', Buffer.from(JSON_TEXT, 'latin1'), /not UTF-8: invalid byte 0xf9 \(.*d\.json, byte 28\)/],
    ['in UTF-16', Buffer.from(BOM + JSON_TEXT, 'utf16le'), /UTF-16 LE with a byte order mark, .*byte 0\)/],
    ['in UTF-16 without a mark', Buffer.from(JSON_TEXT, 'utf16le'), /UTF-16 LE without a byte order mark/],
    [
      'that is cut inside a character',
      Buffer.from(JSON_TEXT).subarray(0, 29),
      /it ends inside a character \(.*byte 28\)/,
    ],
    ['with U+0000', Buffer.from('[\n\0]'), /E_UNREADABLE: not JSON: .* at line 2, column 1/],
    ['that is empty', Buffer.from(''), /not JSON: expected a value, found the end/],
    ['that is only a byte order mark', Buffer.from(BOM), /not JSON: expected a value, found the end/],
    ['with a second byte order mark', Buffer.from(BOM + BOM + JSON_TEXT), /not JSON: .*line 1, column 1/],
    [
      'with half of a surrogate pair',
      Buffer.from('[{"role": "user", "content": "a\\ud800b"}]'),
      /E_UNREADABLE: not JSON: half of a surrogate pair in 0\.content \(/,
    ],
  ])('%s is refused, and so is the same on standard input', async (_, bytes, message) => {
    expectFailure(await holdfast(tokens(temporaryFile('d.json', bytes))), 1, message);
    const named = new RegExp(message.source.replace(String.raw`.*d\.json`, 'standard input'));
    expectFailure(await holdfast(tokens('-'), bytes), 1, named);
  });
});

describe('lines on standard input', () => {
  it('keep a character that arrives in two pieces', async () => {
    const child = start([...CHAT, '--json']);
    const outcome = outcomeOf(child);
    const bytes = Buffer.from('a😀b\r\n');
    child.stdin.write(bytes.subarray(0, 3));
    await sleep(200);
    child.stdin.end(bytes.subarray(3));
    expect(JSON.parse((await outcome).stdout).user).toBe('a😀b');
  });

  it('may begin with a byte order mark', async () => {
    expect(JSON.parse((await holdfast([...CHAT, '--json'], `${BOM}hello\n`)).stdout).user).toBe('hello');
  });

  it('end the chat at the first that is not UTF-8; the answers before it stand', async () => {
    const lines = Buffer.concat([Buffer.from('hello\n'), Buffer.from('café\nmore\n', 'latin1')]);
    const { code, stdout, stderr } = await holdfast([...CHAT, '--json'], lines);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).user).toBe('hello');
    expect(stderr).toMatch(
      /^error: E_UNREADABLE: the text is not UTF-8: invalid byte 0xe9 \(standard input, byte 9\)/,
    );
  });

  it('in UTF-16 are refused at once', async () => {
    const lines = Buffer.from(`${BOM}hello\nthere\n`, 'utf16le');
    expectFailure(await holdfast([...CHAT, '--json'], lines), 1, /UTF-16 LE with a byte order mark/);
  });
});

describe.runIf(process.platform === 'linux')('an argument', () => {
  it('in Latin-1 is refused', () => {
    // Only a shell can pass such bytes.
    const script = `${process.execPath} ${fixture('../../dist/cli/main.js')} tokens --text "$(printf 'caf\\351')"`;
    const { status, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toMatch(
      /^error: E_UNREADABLE: the text is not UTF-8: invalid byte 0xe9 \(the command line, byte \d+\)/,
    );
    expect(status).toBe(1);
  });

  it('with U+FFFD is read', async () => {
    expect(JSON.parse(await succeed(['tokens', llama, '--text', 'a\ufffd', '--json'])).text).toBe('a\ufffd');
  });
});

describe('other texts', () => {
  it('of a model are read with a byte order mark', async () => {
    const folder = temporaryFolder();
    cpSync(llama, folder, { recursive: true });
    const texts = readdirSync(folder).filter((name) => /\.(json|jinja)$/.test(name));
    expect(texts).toContain('chat_template.jinja');
    for (const name of texts) {
      writeFileSync(join(folder, name), BOM + readFileSync(join(folder, name), 'utf8'));
    }
    const of = (model: string): string[] => ['tokens', model, '--chat', '-', '--now', '2026-01-31', '--json'];
    expect(await succeed(of(folder), JSON_TEXT)).toBe(await succeed(of(llama), JSON_TEXT));
  });

  it.each(['config.json', 'tokenizer.json', 'chat_template.jinja'])(
    'of a model are refused at the byte: %s',
    async (name) => {
      const folder = temporaryFolder();
      cpSync(llama, folder, { recursive: true });
      const bytes = readFileSync(join(folder, name));
      writeFileSync(join(folder, name), Buffer.concat([bytes.subarray(0, 10), Buffer.from([0xe9, 0x20])]));
      const message = new RegExp(`E_UNREADABLE: the text is not UTF-8: .*${name}, byte 10\\)`);
      expectFailure(await holdfast(['inspect', folder]), 1, message);
    },
  );

  it('of ids and strengths are read with a byte order mark', async () => {
    const ids = temporaryFile('ids.json', `${BOM}[1, 2, 3]`);
    const out = join(temporaryFolder(), 'run.safetensors');
    expect(await succeed(['trace', llama, '--ids-file', ids, '--out', out])).toContain(out);
  });

  it('of recorded dialogues may have a byte order mark and \\r\\n', async () => {
    const lines = [{ messages: [{ role: 'system', content: 'Be brief.' }, ...MESSAGES] }];
    const file = temporaryFile(
      'd.jsonl',
      `${BOM}${lines.map((line) => `${JSON.stringify(line)}\r\n`).join('')}`,
    );
    const out = temporaryFolder();
    const args = ['measure', llama, '--chat', file, '--out', out, '--max-tokens', '2', '--threads', '1'];
    await succeed(args);
    expect(readFileSync(join(out, 'dialogues.jsonl'), 'utf8')).toContain('Où est le café ?');
    const latin1 = temporaryFile('d.jsonl', Buffer.from(JSON.stringify(lines[0]), 'latin1'));
    const again = ['measure', llama, '--chat', latin1, '--out', temporaryFolder()];
    expectFailure(await holdfast(again), 1, /E_UNREADABLE: the text is not UTF-8: invalid byte 0xf9/);
  });

  it('of a study are read with a byte order mark, and refused in UTF-16', async () => {
    const yaml = 'name: a\nnonsense: 1\n';
    const run = (bytes: Uint8Array) => holdfast(['study', 'run', temporaryFile('s.yaml', bytes)]);
    const plain = (await run(Buffer.from(yaml))).stderr;
    expect(plain).toMatch(/E_SPEC/);
    const withoutPath = (text: string): string => text.replace(/\S*s\.yaml/g, 's.yaml');
    expect(withoutPath((await run(Buffer.from(BOM + yaml))).stderr)).toBe(withoutPath(plain));
    expectFailure(await run(Buffer.from(BOM + yaml, 'utf16le')), 1, /UTF-16 LE .*s\.yaml, byte 0\)/);
    expectFailure(await run(Buffer.from('name: "\\ud800"\n')), 1, /E_SPEC: 1:7 half of a surrogate pair/);
  });
});
