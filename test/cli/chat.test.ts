import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOLD } from '../support/hold-fixtures.js';
import {
  expectFailure,
  fixture,
  holdfast,
  type Outcome,
  succeed,
  temporaryFile,
  temporaryFolder,
} from './holdfast.js';

const llama = fixture('models/llama');
const SYSTEM = ['--system', 'You are the keeper of the rope.'];
const SHORT = ['--max-tokens', '8', '--threads', '1'];
const HALF = ['--policy', 'split-softmax', '--strength', '0.5'];

const chat = (args: readonly string[], stdin = ''): Promise<Outcome> =>
  holdfast(['chat', llama, ...SHORT, ...args], stdin);

interface Line {
  readonly type: string;
  readonly [field: string]: unknown;
}

type Shares<Of> = { readonly before: Of; readonly after: Of };
const sharesOf = (line: Line): Shares<number> => line.shares as Shares<number>;
const partsOf = <Of>(line: Line): Readonly<Record<string, Shares<Of>>> =>
  line.parts as Readonly<Record<string, Shares<Of>>>;

/** The output of `--json`: every line is an object. */
const linesOf = ({ stdout }: Outcome): Line[] =>
  stdout
    .trim()
    .split('\n')
    .map((line): Line => JSON.parse(line));

describe('a policy', () => {
  it('at its identity continues, and says so on stderr and in every turn', async () => {
    const idle = [...SYSTEM, '--policy', 'split-softmax', '--strength', '1'];
    const outcome = await chat([...idle, '--json'], 'hello\n/strength 0.5\nand now?\n/strength 1\n');
    expect(outcome.code).toBe(0);
    expect(outcome.stderr.trim().split('\n')).toEqual([
      'k = 1 changes nothing',
      'split-softmax, k = 0.5',
      'split-softmax, k = 1: k = 1 changes nothing',
    ]);
    expect(linesOf(outcome).map(({ notice }) => notice)).toEqual(['k = 1 changes nothing', null]);
  });

  it.each([
    ['on the command line', ['--policy', 'hold'], 'hello\n', 'note: ', ''],
    ['in the chat', [], '/policy hold\nhello\n', '', 'sustain\n'],
  ])('by its former name leads to one notice, %s', async (_, args, stdin, before, after) => {
    const outcome = await chat([...SYSTEM, ...args], stdin);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/ {2}sustain /);
    expect(outcome.stderr).toBe(
      `${before}the policy hold is now called sustain; --hold is split-softmax\n${after}`,
    );
  });

  it('sustain measures the first answer, and says so only there; a target out of sight is said in every answer', async () => {
    // The window of layer 0 has lost the prompt by then.
    const model = ['chat', fixture('models/gemma3'), '--threads', '1', '--system', 'the work'];
    const sustain = [
      '--policy',
      'sustain',
      '--layers',
      '0',
      '--temperature',
      '0',
      '--max-tokens',
      '30',
      '--json',
    ];
    const users = 'one two three four five six seven\nwords and words\nmore\n';
    const outcome = await holdfast([...model, ...sustain], users);
    const notices = linesOf(outcome).map(({ notice }) => notice);
    for (const notice of notices) {
      expect(notice).toMatch(
        /^no layer that the policy acts on sees the system prompt any more: its last token is \d+ tokens back, the widest window is 16$/,
      );
    }
    expect(outcome.code).toBe(0);
    expect(outcome.stderr.trimEnd().split('\n')).toEqual(notices);
    const { stdout } = await holdfast([...model, ...sustain.slice(0, -1)], users);
    expect(stdout.match(/sustain \([^)]*\)/g)).toEqual([
      'sustain (measures this answer)',
      'sustain (does not act)',
      'sustain (does not act)',
    ]);
  });

  it('whose target has left every window says so before the answer, and the chat goes on', async () => {
    const mistral = ['chat', fixture('models/mistral'), ...SHORT, ...SYSTEM, '--temperature', '0'];
    const users = 'hello\nand the rope?\nonce more\n';
    const outcome = await holdfast([...mistral, '--hold', '--json'], users);
    expect(outcome.code).toBe(0);
    const lines = linesOf(outcome);
    const notice =
      /^no layer sees the system prompt any more: its last token is \d+ tokens back, the widest window is 20$/;
    expect(lines.at(-1)).toMatchObject({ turn: 3, notice: expect.stringMatching(notice), shares: null });
    expect(lines.at(-1)!.assistant).not.toBe('');
    expect(outcome.stderr.trimEnd().split('\n').at(-1)).toMatch(notice);
    const { stdout } = await holdfast([...mistral, '--hold'], users);
    expect(stdout).toMatch(/^prompt out of sight · sink out of sight {2}split-softmax \(does not act\) /m);
  });

  it('on a random span waits until the dialogue has it, and says for how many tokens', async () => {
    const outcome = await chat(
      [...SYSTEM, ...HALF, '--target', 'random:1', '--json'],
      'hello\nand the rope?\nonce more\nhold it\n',
    );
    expect(outcome.code).toBe(0);
    const notices = linesOf(outcome).map(({ notice }) => notice);
    expect(notices[0]).toMatch(
      /^the policy waits for \d+ more tokens: the target random:1 needs \d+, and the dialogue has \d+$/,
    );
    expect(notices.at(-1)).toBeNull();
    expect(outcome.stderr.trimEnd().split('\n')).toEqual(notices.filter((notice) => notice !== null));
  });

  it('that cannot keep the mean share says so after the answer', async () => {
    const schedule = ['--policy', 'cap', '--schedule', 'target:0.95'];
    const { code, stderr, stdout } = await chat([...SYSTEM, ...schedule], 'hello\n');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^the mean share stayed below 0\.95 in 8 of 8 rows: 0\.\d{3} at most, with κ = 1\n$/,
    );
    expect(stdout).toMatch(/ {2}cap κ=1 /);
  });

  it('that lowers the share shows it in the line', async () => {
    const { code, stdout, stderr } = await chat(
      [...SYSTEM, '--policy', 'cap', '--strength', '0.05'],
      'hello\n',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^prompt \.[1-9]\d\d [▁-█] → \.0[0-5]\d · sink .* {2}cap κ=0\.05 /m);
  });

  it('that reaches no share says so in numbers, and the chat ends in an error', async () => {
    const { code, stdout, stderr } = await chat(
      [...SYSTEM, '--policy', 'floor', '--strength', '1e-30'],
      'hello\n',
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^prompt /m);
    const [note, error, rest] = stderr.trimEnd().split('\n');
    const reason = /The target's shares range from \S+ to \S+: floor with ψ = 1e-30 changes none of them/;
    expect(note).toMatch(reason);
    expect(error).toMatch(/^error: E_UNTOUCHED: the intervention changed no share in \d+ rows/);
    expect(error).toMatch(reason);
    expect(rest).toBeUndefined();
  });

  it('that reaches a share in one answer alone keeps the others', async () => {
    const lines = '/policy floor 1e-30\nhello\n/policy boost 4\nand now?\n/policy floor 1e-30\nonce more\n';
    const { code, stdout, stderr } = await chat([...SYSTEM, '--max-tokens', '4'], lines);
    expect(code).toBe(0);
    expect(stdout.match(/^prompt /gm)).toHaveLength(3);
    expect(stderr.match(/no share changed in this answer/g)).toHaveLength(2);
  });
});

describe('a hold from a file', () => {
  it('acts as it says, with a note for other weights', async () => {
    const file = temporaryFile('hold.json', HOLD);
    const outcome = await chat([...SYSTEM, '--hold', file, '--json'], 'hello\n');
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(
      /^note: .*hold\.json: the hold was made for other weights \(other, 0+\)[^\n]*\n$/,
    );
    expect(linesOf(outcome)[0]).toMatchObject({ policy: 'split-softmax', strength: { first: 0.5 } });
    const byHand = await chat([...SYSTEM, ...HALF, '--layers', '0,2', '--json'], 'hello\n');
    expect(linesOf(outcome)[0]!.receipt).toEqual(linesOf(byHand)[0]!.receipt);
  });

  it('in which nothing helps leaves the policy off and says so, and is nothing to compare', async () => {
    const settings = { ...HOLD.settings, policy: 'off', schedule: null, layers: null };
    const file = temporaryFile('off.json', { ...HOLD, verdict: 'nothing helps', settings });
    const outcome = await chat([...SYSTEM, '--hold', file, '--json'], 'hello\n');
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/off\.json: nothing was shown to help .* so the policy is off\n$/);
    expect(linesOf(outcome)[0]).toMatchObject({ policy: 'off', strength: null });
    const compared = await chat([...SYSTEM, '--hold', file, '--compare']);
    expect(compared).toMatchObject({ code: 2, stdout: '' });
    expect(compared.stderr).toMatch(/error: E_USAGE: .* there is nothing to compare with off\n$/);
  });

  it('with layers of another shape is refused', async () => {
    const file = temporaryFile('hold.json', { ...HOLD, model: { ...HOLD.model, layers: 30 } });
    expectFailure(await chat([...SYSTEM, '--hold', file]), 1, /E_HOLD: the hold names layers/);
  });
});

describe('lines from a pipe', () => {
  it('are answered one after the other, in plain text', async () => {
    const { code, stdout, stderr } = await chat([...SYSTEM, '--hold'], 'hello\n\nand now?\n');
    const taken =
      'note: --hold takes the recommended split-softmax, k 1 → 0.6, 0.04 a turn. No preset of this model is known, so nothing shows that it helps here: holdfast calibrate measures it\n';
    expect({ code, stderr }).toEqual({ code: 0, stderr: taken });
    const shares = stdout.split('\n').filter((line) => line.startsWith('prompt '));
    expect(shares[0]).toMatch(
      /^prompt \.\d{3} [▁-█] · sink \.\d{3} {2}split-softmax k=1 {2}[\d.]+ tokens\/s/,
    );
    expect(shares[1]).toMatch(
      /^prompt \.\d{3} [▁-█]{2} → \.\d{3} · sink \.\d{3}( → \.\d{3})? {2}split-softmax k=0\.96 /,
    );
    expect(shares.length).toBe(2);
    expect(stdout).not.toContain('hello');
    expect(stdout).not.toContain('\u001b');
  });

  it('exit with 0 if there are none, and at /quit', async () => {
    expect(await chat(SYSTEM)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await chat(SYSTEM, '/quit\nhello\n')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('may be commands; an error is one line, the chat continues, and the exit code is 1', async () => {
    const input = '/strenth 1\n/strength 7\n/retry\n/shares\n/load nowhere.json\n/on\nhello\n';
    const { code, stdout, stderr } = await chat([...SYSTEM, ...HALF], input);
    const lines = stderr.trim().split('\n');
    expect(lines[0]).toMatch(/^error: E_USAGE: "\/strenth".*Did you mean \/strength\?/);
    expect(lines[1]).toMatch(/^error: E_STRENGTH: split-softmax takes k from 0 to 1, not 7/);
    expect(lines[2]).toMatch(/^error: E_DIALOGUE/);
    expect(lines[3]).toMatch(/^error: E_DIALOGUE/);
    expect(lines[4]).toMatch(/^error: E_NOT_FOUND.*nowhere\.json/);
    expect(lines[5]).toBe('split-softmax, k = 0.5');
    expect(lines.length).toBe(6);
    expect(stdout).toMatch(/split-softmax k=0\.5/);
    expect(code).toBe(1);
  });
});

describe('--json', () => {
  it('writes an object for each turn, switches with /off and /on, and reads // as a slash', async () => {
    const outcome = await chat([...SYSTEM, ...HALF, '--json'], 'hello\n/off\n//off\n/on\nagain\n/shares\n');
    const [on, off, again, shares] = linesOf(outcome);
    expect(on).toMatchObject({
      type: 'turn',
      turn: 1,
      user: 'hello',
      strength: { first: 0.5, last: 0.5 },
      finish: 'length',
      tokens: 8,
      receipt: { headsAsked: [4, 4, 4] },
    });
    expect(off).toMatchObject({ turn: 2, user: '/off', policy: 'off', strength: null });
    expect(again).toMatchObject({ turn: 3, user: 'again', strength: { first: 0.5, last: 0.5 } });
    expect(shares).toMatchObject({ type: 'shares', turn: 3 });
    // Of the target, and of the parts whatever the target is.
    const parts = partsOf<number>(on!);
    expect(Object.keys(parts)).toEqual(['prompt', 'words', 'sink', 'prefix']);
    expect(parts.prefix!.before).toBeCloseTo(parts.prompt!.before + parts.sink!.before, 6);
    const { before, after } = sharesOf(on!);
    expect(on!.target).toBe('message');
    expect(before).toBeCloseTo(parts.prompt!.before, 6);
    expect(after).toBeCloseTo(parts.prompt!.after, 6);
    expect(partsOf<number[]>(shares!).prompt!.after).toHaveLength(3);
    expect(outcome.code).toBe(0);
  });

  it('tells the reminder of a turn, which is not part of what the user said', async () => {
    const turns = linesOf(await chat([...SYSTEM, '--reminder', 'system', '--json'], 'hello\nagain\n'));
    expect(turns).toMatchObject([
      { user: 'hello', reminder: true },
      { user: 'again', reminder: true },
    ]);
  });

  it('writes errors as objects, and continues', async () => {
    const outcome = await chat([...SYSTEM, '--context', '80', '--json'], `${'long '.repeat(60)}\nhi\n`);
    const [error, turn] = linesOf(outcome);
    expect(error).toMatchObject({ type: 'error', code: 'E_CONTEXT_FULL' });
    expect(error!.message).toMatch(/^E_CONTEXT_FULL/);
    expect(turn).toMatchObject({ type: 'turn', turn: 1 });
    expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: 1, stderr: '' });
  });

  it('answers again with the next seed', async () => {
    const outcome = await chat([...SYSTEM, '--json', '--seed', '4'], 'hello\n/retry\n');
    expect(linesOf(outcome)).toMatchObject([
      { turn: 1, seed: 4 },
      { turn: 1, user: 'hello', seed: 5 },
    ]);
  });
});

describe('a template that puts the system message into the last user turn', () => {
  const template = `{%- if messages[0].role == 'system' %}{% set sys = messages[0].content %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}
{%- for m in rest %}
{%- if m.role == 'user' %}
{%- if loop.last and sys is defined %}{{ '<|im_start|>' + sys + '\\n\\n' + m.content + '<|im_end|>' }}{% else %}{{ '<|im_start|>' + m.content + '<|im_end|>' }}{% endif %}
{%- else %}{{ m.content + '<|endoftext|>' }}{% endif %}
{%- endfor %}`;

  it('has the share of the system message alone, which does not grow with the turns before it', async () => {
    const model = temporaryFolder();
    cpSync(llama, model, { recursive: true });
    writeFileSync(join(model, 'chat_template.jinja'), template);
    const args = ['--system', 'the work of the river', '--hold', '--temperature', '0', '--max-tokens', '6'];
    const users = 'one two\n/shares\nthree four\n/shares\nfive six\n/shares\n';
    const lines = linesOf(await holdfast(['chat', model, '--threads', '1', ...args, '--json'], users));
    expect(lines.map(({ type }) => type)).toEqual(['turn', 'shares', 'turn', 'shares', 'turn', 'shares']);
    const turns = lines.filter(({ type }) => type === 'turn');
    for (const [index, line] of lines.filter(({ type }) => type === 'shares').entries()) {
      const roles = line.roles as { readonly role: string; readonly layers: readonly number[] }[];
      const { layers } = roles.find(({ role }) => role === 'system')!;
      for (const [layer, share] of layers.entries()) {
        const words = partsOf<number[]>(line).words!.after[layer];
        expect(words, `turn ${index + 1}, layer ${layer}`).toBeCloseTo(share, 6);
      }
      const { prompt } = partsOf<number>(turns[index]!);
      expect(sharesOf(turns[index]!).after).toBeCloseTo(prompt!.after, 6);
    }
    const [first, second, third] = turns.map((turn) => sharesOf(turn).before);
    expect(second).toBeLessThan(first!);
    expect(third).toBeLessThan(second!);
  });
});

describe('--compare', () => {
  it('shows off, on and a line with both', async () => {
    const { code, stdout } = await chat([...SYSTEM, ...HALF, '--compare'], 'hello\n');
    expect(stdout).toMatch(
      /^policy off\n[\s\S]+\npolicy on\n[\s\S]+\noff: prompt \.\d{3} [▁-█] · sink \.\d{3} [^|\n]+\| {2}on: prompt \.\d{3} [▁-█] → \.\d{3} · sink .*k=0\.5.*\n$/,
    );
    expect(code).toBe(0);
  });

  it('gives each side the answers that it gives alone, and keeps their histories separate', async () => {
    const input = 'hello\nand now?\n';
    const sides = linesOf(await chat([...SYSTEM, ...HALF, '--compare', '--json'], input));
    const off = linesOf(await chat([...SYSTEM, '--json'], input));
    const on = linesOf(await chat([...SYSTEM, ...HALF, '--json'], input));
    expect(sides.map(({ side, assistant }) => [side, assistant])).toEqual([
      ['off', off[0]!.assistant],
      ['on', on[0]!.assistant],
      ['off', off[1]!.assistant],
      ['on', on[1]!.assistant],
    ]);
  });

  it('saves both sides, regenerates both answers, and has no /off', async () => {
    const file = join(temporaryFolder(), 'both.json');
    const outcome = await chat(
      [...SYSTEM, ...HALF, '--compare', '--json'],
      `hello\n/retry\n/off\n/save ${file}\n`,
    );
    expect(linesOf(outcome).map(({ type, seed, code }) => seed ?? code ?? type)).toEqual([
      0,
      0,
      1,
      1,
      'E_USAGE',
    ]);
    const read = (side: string): string => readFileSync(file.replace('.json', `.${side}.json`), 'utf8');
    expect(JSON.parse(read('off'))).toMatchObject({ turns: [{ policy: 'off' }] });
    expect(JSON.parse(read('on'))).toMatchObject({ turns: [{ policy: 'split-softmax' }] });
  });
});

describe('a file', () => {
  it('that was saved is replayed token by token, and continues as the dialogue would have', async () => {
    const file = join(temporaryFolder(), 'saved.json');
    const args = [...SYSTEM, '--hold', '--seed', '7', '--temperature', '3', '--json'];
    const whole = linesOf(await chat(args, `one\ntwo\n/save ${file}\nthree\n`));
    const rest = await holdfast(['chat', llama, '--threads', '1', '--load', file, '--json'], 'three\n');
    expect(rest.stderr).toBe(`${file}: 2 answers replayed, token for token as saved\n`);
    const untimed = (line: Line): Line => ({ ...line, tokensPerSecond: null });
    expect(linesOf(rest).map(untimed)).toEqual([untimed(whole[2]!)]);
    expect(rest.code).toBe(0);

    const changed = JSON.parse(readFileSync(file, 'utf8'));
    changed.turns[1].ids[2] = 499;
    const other = await chat(['--load', temporaryFile('changed.json', changed), '--json'], '');
    expect(linesOf(other)[0]!.message).toMatch(
      /E_DIALOGUE: the answer of turn 2 differs .* token 3: token 499 then/,
    );
    expect(other.code).toBe(1);
  });

  it('of messages is used unchanged, and its last message is answered', async () => {
    const messages = [
      { role: 'system', content: 'You are the keeper of the rope.' },
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'Hold it.' },
      { role: 'user', content: 'and now?' },
    ];
    const file = temporaryFile('messages.json', { messages });
    const outcome = await chat(['--load', file, ...HALF, '--compare', '--json'], 'more\n');
    expect(linesOf(outcome)).toMatchObject([
      { turn: 2, side: 'off', user: 'and now?' },
      { turn: 2, side: 'on', user: 'and now?', strength: { first: 0.5 } },
      { turn: 3, side: 'off', user: 'more' },
      { turn: 3, side: 'on', user: 'more' },
    ]);
    const inside = await chat([...HALF, ...SYSTEM, '--json'], `/load ${file}\n`);
    expect(linesOf(inside)[0]!.assistant).toBe(linesOf(outcome)[1]!.assistant);
    expectFailure(await chat(['--load', file, '--system', 'Another.']), 2, /its own --system/);
  });

  it('of messages can be the example', async () => {
    const example = fixture('../../examples/anchor.json');
    const written = await succeed(['chat', llama, ...SHORT, '--load', example]);
    expect(written).toMatch(/^prompt \.\d{3} [▁-█] · sink \.\d{3}/m);
  });
});

describe('a usage error', () => {
  const wrong: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['a policy with nothing to hold', HALF, 2, /E_USAGE.*needs --system.*no target/],
    ['holding nothing', ['--hold'], 2, /E_USAGE: --hold needs --system/],
    [
      'a model in place of a file',
      [...SYSTEM, '--hold', 'model.gguf'],
      2,
      /must be a \.json file.*after the model/,
    ],
    [
      'a hold with a target of its own',
      [...SYSTEM, '--hold', 'h.json', '--target', 'sink'],
      2,
      /h\.json has its own --target/,
    ],
    ['a blank reminder', [...SYSTEM, '--reminder', ' '], 2, /--reminder.*must be system or a text/],
    ['reminding of nothing', ['--reminder', 'system'], 1, /E_TARGET: the reminder is the system prompt/],
    ['a hold that is not there', [...SYSTEM, '--hold', 'h.json'], 1, /E_NOT_FOUND: .*h\.json/],
    ['two policies', [...SYSTEM, '--hold', '--policy', 'boost'], 2, /'--hold \[file\]' cannot be used with/],
    ['a comparison with nothing', [...SYSTEM, '--compare'], 2, /--compare needs --hold or a --policy/],
    ['a policy without a strength', [...SYSTEM, '--policy', 'boost'], 2, /needs a strength or a schedule/],
    ['a strength without a policy', [...SYSTEM, '--strength', '1'], 2, /--strength needs a --policy/],
    [
      'a strength and a schedule',
      [...SYSTEM, ...HALF, '--schedule', 'target:0.3'],
      2,
      /give either --strength or --schedule/,
    ],
    ['layers that are not indices', [...SYSTEM, '--layers', '1,8-5'], 2, /"8-5" is neither an index/],
    ['standard input as a file', ['--load', '-'], 2, /--load takes a file/],
    [
      'a strength out of range',
      [...SYSTEM, '--policy', 'boost', '--strength', '0.5'],
      1,
      /E_STRENGTH: boost/,
    ],
    ['sampling out of range', [...SYSTEM, '--top-p', '7'], 1, /E_SAMPLING: topP/],
    [
      'a layer that the model does not have',
      [...SYSTEM, ...HALF, '--layers', '0-9'],
      1,
      /E_STRENGTH: layer 3/,
    ],
    ['an unknown policy', [...SYSTEM, '--policy', 'pull'], 1, /E_POLICY/],
    ['a missing file', ['--load', 'nowhere.json'], 1, /E_NOT_FOUND/],
  ];
  it.each(wrong)('%s', async (_, args, code, message) => {
    expectFailure(await chat(args, 'hello\n'), code, message);
  });

  it('a file that is not a dialogue, by its name and field', async () => {
    const file = temporaryFile('no-dialogue.json', [{ role: 'robot' }]);
    expectFailure(await chat(['--load', file]), 1, /E_DIALOGUE.*no-dialogue\.json, field 0\.role\)/);
  });
});
