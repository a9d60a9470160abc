import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTable } from '../support/decay-fixtures.js';
import {
  expectFailure,
  fixture,
  holdfast,
  type Outcome,
  start,
  succeed,
  temporaryFile,
  temporaryFolder,
} from './holdfast.js';

const LLAMA = fixture('models/llama');
const FILES = [
  ...['dialogues.jsonl', 'heads.svg', 'heads.vl.json', 'share-by-token.svg', 'share-by-token.vl.json'],
  ...['share-by-turn.svg', 'share-by-turn.vl.json', 'shares.parquet', 'summary.json'],
];
const MESSAGES = [
  { role: 'system', content: 'You are the keeper of the rope. Hold fast.' },
  { role: 'user', content: 'Where does it end?' },
  { role: 'assistant', content: 'hold fast' },
  { role: 'user', content: 'And now?' },
  { role: 'assistant', content: 'hold' },
];
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('holdfast measure without a model', () => {
  const out = mkdtempSync(join(tmpdir(), 'holdfast-measure-'));
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await holdfast(['measure', '--dialogues', '2', '--rounds', '3', '--out', out]);
  }, 120_000);
  afterAll(() => rmSync(out, { recursive: true }));

  it('measures the embedded model on its own trials, and says that it uses it', () => {
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stderr).toMatch(/^note: no model named[^\n]*\n$/);
    expect(outcome.stdout).toMatch(
      /^organism, script organism: 2 dialogues, \d+ tokens of answers, policy off\n/,
    );
    for (const code of ['\u001b', '\r']) expect(outcome.stdout.includes(code)).toBe(false);
  });

  it('shows a row for each turn, and invents no interval for two dialogues', () => {
    expect(outcome.stdout).toContain(
      'No intervals: they need at least 8 dialogues, and this measurement has 2',
    );
    expect(outcome.stdout.match(/^[123] +\d+( +(0\.\d{3}|-)){9}$/gm)).toHaveLength(3);
    expect(outcome.stdout).not.toMatch(/\[/);
    expect(outcome.stdout).toMatch(/^2 +█[▁-█]{2} +0\.\d{3} +0\.\d{3}$/m);
  });

  it('writes its files, and lists them', () => {
    expect(readdirSync(out).sort()).toEqual(FILES);
    for (const file of FILES) expect(outcome.stdout).toContain(`  ${join(out, file)}\n`);
    expect(readFileSync(join(out, 'heads.svg'), 'utf8')).toMatch(/^<svg/);
  });

  it('says how far its shares may be from those in f32', () => {
    const { shareError } = json(join(out, 'summary.json'));
    expect(shareError).toMatchObject({ basis: 'compared', models: ['organism'] });
    expect(shareError.head.max).toBeLessThan(0.01);
  });

  it('has the same numbers in the table, the summary and the terminal', async () => {
    const table = await readTable(join(out, 'shares.parquet'));
    const summary = json(join(out, 'summary.json'));
    expect(table).toHaveLength(summary.rows * summary.layers * summary.headsPerLayer);
    const seeing = new Set(
      summary.heads
        .filter((head: { inMeans: boolean }) => head.inMeans)
        .map((head: { layer: number; head: number }) => `${head.layer} ${head.head}`),
    );
    expect(seeing.size).toBe(summary.headsInMeans);
    for (const { turn, shares } of summary.turns) {
      const ofTurn = table.filter((line) => line.turn === turn && seeing.has(`${line.layer} ${line.head}`));
      const mean = ofTurn.reduce((sum, line) => sum + line.prompt!, 0) / ofTurn.length;
      expect(shares.prompt.value).toBeCloseTo(mean, 6);
      expect(outcome.stdout).toMatch(new RegExp(`^${turn} +\\d+ +${mean.toFixed(3)} `, 'm'));
    }
  });

  it('records the text and the settings of each dialogue', () => {
    const dialogues = lines(join(out, 'dialogues.jsonl'));
    expect(dialogues).toHaveLength(2);
    expect(dialogues[0]).toMatchObject({
      ...{ dialogue: 0, complete: true, scenario: 'organism-0', source: 'script organism' },
      model: { name: 'organism', hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      settings: { policy: 'off', maxTokens: 96, sampling: { temperature: 1, topP: 0.9, seed: 0 } },
      versions: { holdfast: expect.any(String) },
    });
    const [first, second] = dialogues[1].turns;
    expect(second.contextTokens).toBeGreaterThan(first.contextTokens + first.answerTokens);
    expect(second.seed).toBe(first.seed + 1);
  });

  it('does not overwrite another measurement', async () => {
    const before = readFileSync(join(out, 'summary.json'), 'utf8');
    const again = await holdfast(['measure', 'organism', '--dialogues', '1', '--rounds', '1', '--out', out]);
    expectFailure(again, 1, /E_UNWRITABLE: the folder already contains a measurement .*shares\.parquet/);
    expect(readFileSync(join(out, 'summary.json'), 'utf8')).toBe(before);
  });
});

describe('holdfast measure --influence', () => {
  it("measures the influence of every dialogue's prompt beside another's and none", async () => {
    const out = temporaryFolder();
    const args = [
      'measure',
      '--dialogues',
      '2',
      '--rounds',
      '2',
      '--policy',
      'split-softmax',
      '--strength',
      '0.6',
    ];
    const outcome = await holdfast([...args, '--influence', '--out', out]);
    expect(outcome.code, outcome.stderr).toBe(0);
    const { influence } = json(join(out, 'summary.json'));
    expect(influence.references.map(({ name }: { name: string }) => name)).toEqual(['others', 'none']);
    const dialogues = lines(join(out, 'dialogues.jsonl'));
    for (const [at, { turns, mean }] of influence.references.entries()) {
      for (const { turn, influence: measured } of turns) {
        const own = dialogues.map(({ influence: each }) => each[at].rounds[turn - 1]);
        const value = own.reduce((total, { sum, count }) => total + sum / count, 0) / own.length;
        expect(measured.value).toBeCloseTo(value, 12);
        expect(value).toBeGreaterThan(0.01);
      }
      expect(outcome.stdout).toContain(mean.value.toFixed(3));
    }
    // The prompt of each dialogue stands in for that of the other one.
    expect(dialogues[0].influence[0].system).toBe(dialogues[1].system);
    expect(readdirSync(out).sort()).toEqual([...FILES, 'influence.svg', 'influence.vl.json'].sort());
    expect(outcome.stdout).toMatch(/^It took \d+ passes over [\d,]+ tokens\.$/m);
  });

  it('measures the total influence too: the same in the first turn, and then between what the dialogues became', async () => {
    const out = temporaryFolder();
    const stdout = await succeed([
      ...['measure', LLAMA, '--executor', 'reference', '--chat', temporaryFile('chat.json', MESSAGES)],
      ...['--max-tokens', '6', '--policy', 'split-softmax', '--strength', '0.5', '--cache', 'clean'],
      ...['--influence', 'none,total', '--out', out],
    ]);
    const { influence } = json(join(out, 'summary.json'));
    const [direct, total] = influence.references;
    expect([direct.name, direct.effect, total.name, total.effect]).toEqual([
      'none',
      'direct',
      'none',
      'total',
    ]);
    const means = [direct, total].map(({ turns }) =>
      turns.map((turn: { influence: { value: number } }) => turn.influence.value),
    );
    expect(means[0]![0]).toBeGreaterThan(0);
    expect(means[1]![0]).toBe(means[0]![0]);
    expect(means[1]![1]).not.toBeCloseTo(means[0]![1], 3);
    expect(stdout).toMatch(/^no system message +direct +\d\.\d{3} /m);
    expect(stdout).toMatch(/^no system message +total +\d\.\d{3} /m);
  });

  it('measures the sentences of a recorded prompt, and a prompt from a file', async () => {
    const chat = temporaryFile('chat.json', MESSAGES);
    const out = temporaryFolder();
    const same = temporaryFile('same.txt', MESSAGES[0]!.content);
    const args = ['measure', LLAMA, '--executor', 'reference', '--chat', chat, '--as-written', '--out', out];
    await succeed([...args, '--influence', `sentences,none,${same}`]);
    const { influence } = json(join(out, 'summary.json'));
    expect(influence.references.map(({ name }: { name: string }) => name)).toEqual([
      'without sentence 1: You are the keeper of the rope.',
      'without sentence 2: Hold fast.',
      'none',
      same,
    ]);
    const means = influence.references.map(({ mean }: { mean: { value: number } }) => mean.value);
    for (const mean of means.slice(0, 3)) expect(mean).toBeGreaterThan(0);
    expect(means[3]).toBe(0);
  });

  it('refuses references that the dialogues do not have', async () => {
    const chat = temporaryFile('chat.json', MESSAGES);
    const args = ['measure', LLAMA, '--executor', 'reference', '--chat', chat, '--as-written'];
    const refused = async (references: string, message: RegExp): Promise<void> => {
      const outcome = await holdfast([...args, '--out', temporaryFolder(), '--influence', references]);
      expectFailure(outcome, 2, message);
    };
    await refused('others', /E_USAGE: there are no others: all dialogues have one system prompt/);
    await refused('none,total', /E_USAGE: --as-written has no total influence/);
    await refused('none,none', /E_USAGE: a reference is given twice/);
    const missing = ['--out', temporaryFolder(), '--influence', 'nowhere.txt'];
    expectFailure(await holdfast([...args, ...missing]), 1, /E_NOT_FOUND/);
    const several = ['measure', 'organism', '--dialogues', '2', '--rounds', '1', '--influence', 'sentences'];
    expectFailure(
      await holdfast([...several, '--out', temporaryFolder()]),
      2,
      /E_USAGE: the dialogues have several prompts/,
    );
  });
});

describe('holdfast measure --chat', () => {
  const chat = (): string => temporaryFile('chat.json', MESSAGES);

  it('replays what the user said, and has a column for the effect of a policy', async () => {
    const out = join(temporaryFolder(), 'new', 'folder');
    const stdout = await succeed([
      ...['measure', LLAMA, '--chat', chat(), '--policy', 'split-softmax', '--strength', '0.5'],
      ...['--max-tokens', '6', '--temperature', '0', '--out', out],
    ]);
    expect(stdout).toMatch(/^turn +tokens +prompt +after +its words +sink +prefix/m);
    const [dialogue] = lines(join(out, 'dialogues.jsonl'));
    expect(dialogue.turns.map(({ user }: { user: string }) => user)).toEqual([
      'Where does it end?',
      'And now?',
    ]);
    for (const { prompt, prompt_after, prefix, sink } of await readTable(join(out, 'shares.parquet'))) {
      expect(prompt_after).toBeCloseTo(Math.sqrt(prompt!), 4);
      expect(prefix).toBeCloseTo(prompt! + sink!, 5);
    }
  });

  it('reads the recorded answers', async () => {
    const out = temporaryFolder();
    await succeed(['measure', LLAMA, '--chat', chat(), '--as-written', '--out', out]);
    const [dialogue] = lines(join(out, 'dialogues.jsonl'));
    expect(dialogue.turns).toMatchObject([
      { turn: 1, assistant: 'hold fast', finish: 'recorded', seed: null },
      { turn: 2, assistant: 'hold', finish: 'recorded' },
    ]);
  });

  it('reads a saved chat with the tokens that it sampled, also where its answers were cut', async () => {
    const [saved, out] = [join(temporaryFolder(), 'saved.json'), temporaryFolder()];
    const stdout = await succeed(
      [
        ...['chat', LLAMA, '--system', MESSAGES[0]!.content, '--json'],
        ...['--max-tokens', '4', '--temperature', '8', '--seed', '3'],
      ],
      `Where does it end?\nAnd now?\n/save ${saved}\n`,
    );
    const turns = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type === 'turn');
    expect(turns.map(({ finish }) => finish)).toEqual(['length', 'length']);
    await succeed(['measure', LLAMA, '--chat', saved, '--as-written', '--out', out]);
    const rows = await readTable(join(out, 'shares.parquet'));
    for (const { turn, tokens, parts } of turns) {
      const own = rows.filter((row) => row.turn === turn);
      expect(new Set(own.map(({ token }) => token)).size).toBe(tokens);
      const mean = own.reduce((sum, { prompt }) => sum + prompt!, 0) / own.length;
      expect(mean, `turn ${turn}`).toBeCloseTo(parts.prompt.before, 5);
    }
  });

  it('prints its summary as one line with --json', async () => {
    const out = temporaryFolder();
    const stdout = await succeed([
      ...['measure', LLAMA, '--chat', chat(), '--as-written', '--rounds', '1', '--json', '--out', out],
    ]);
    const [line, rest] = stdout.split('\n');
    expect(rest).toBe('');
    const {
      format: _,
      source,
      model,
      settings,
      contextLength,
      versions,
      ...summary
    } = json(join(out, 'summary.json'));
    expect(source).toMatch(/chat\.json as written$/);
    expect([model, settings, contextLength, versions].every((fact) => fact !== undefined)).toBe(true);
    expect(JSON.parse(line!)).toEqual(summary);
  });

  it('keeps its results if it is interrupted', async () => {
    const out = temporaryFolder();
    const child = start([
      ...['measure', LLAMA, '--chat', chat(), '--max-tokens', '4', '--dialogues', '100000', '--out', out],
    ]);
    child.stdin.end();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout.resume();
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    // A dialogue's line appears when it has ended.
    for await (const { filename } of watch(out)) {
      if (filename?.startsWith('dialogues.jsonl.') && statSync(join(out, filename)).size > 0) break;
    }
    child.kill('SIGINT');
    expect(await ended, stderr).toBe(130);
    expect(readdirSync(out).sort()).toEqual(FILES);
    const summary = json(join(out, 'summary.json'));
    expect(summary.complete).toBe(false);
    expect(await readTable(join(out, 'shares.parquet'))).toHaveLength(12 * summary.rows);
  }, 120_000);
});

describe('holdfast measure with the bundled material', () => {
  const brief = ['--dialogues', '2', '--rounds', '2', '--max-tokens', '4'];

  it('lets two copies of a model talk, each with its own prompt', async () => {
    const out = temporaryFolder();
    const stdout = await succeed(['measure', LLAMA, '--self-chat', ...brief, '--out', out]);
    expect(stdout).toContain('self-chat: 2 dialogues');
    const [first, second] = lines(join(out, 'dialogues.jsonl'));
    expect(first.system).not.toBe(second.system);
    const [opening, reply] = first.turns;
    expect(opening.user.length).toBeGreaterThan(0);
    expect(reply.user).not.toBe(opening.user);
  });

  it('has a scripted user say the same in every dialogue', async () => {
    const out = temporaryFolder();
    await succeed(['measure', LLAMA, '--script', 'terse', ...brief, '--out', out]);
    const [first, second] = lines(join(out, 'dialogues.jsonl'));
    const users = ({ turns }: { turns: { user: string }[] }): string[] => turns.map(({ user }) => user);
    expect(first.system).not.toBe(second.system);
    expect(users(first)).toEqual(users(second));
  });
});

describe('holdfast measure refuses', () => {
  const refused = async (args: readonly string[], code: number, message: RegExp): Promise<void> => {
    expectFailure(await holdfast(['measure', ...args, '--out', temporaryFolder()]), code, message);
  };

  it('contradictory options, before a model is loaded', async () => {
    const chat = temporaryFile('chat.json', MESSAGES);
    await refused([LLAMA], 2, /no source of dialogues: give --chat/);
    await refused([LLAMA, '--script', 'macbeth'], 2, /no script "macbeth"; known: organism, /);
    await refused(['--chat', chat, '--script', 'organism'], 2, /--chat.*cannot be used with.*--script/);
    await refused(['--as-written'], 2, /--as-written needs a --chat/);
    await refused(
      ['--chat', chat, '--as-written', '--seed', '1', '--policy', 'off'],
      2,
      /takes no --policy, --seed/,
    );
    await refused(['--policy', 'boost'], 2, /boost needs a strength or a schedule/);
    expectFailure(await holdfast(['measure']), 2, /--out/);
  });

  it('a dialogue without anything to measure', async () => {
    await refused(
      [LLAMA, '--chat', temporaryFile('a.json', MESSAGES.slice(1))],
      1,
      /E_DIALOGUE: the file is not a dialogue: expected a system message, not one of the user/,
    );
    const unanswered = temporaryFile('b.json', MESSAGES.slice(0, 2));
    await refused([LLAMA, '--chat', unanswered, '--as-written'], 1, /E_DIALOGUE: .*no answer to read/);
    await refused([LLAMA, '--chat', 'nowhere.json'], 1, /E_NOT_FOUND/);
  });

  it('a folder that cannot be made', async () => {
    const file = temporaryFile('file', 'text');
    const outcome = await holdfast(['measure', '--out', join(file, 'below')]);
    expectFailure(outcome, 1, /E_UNWRITABLE/);
  });
});

describe('holdfast measure of a model whose windows the prompt leaves', () => {
  it('says in how many turns the policy did not act, and that no border can be measured', async () => {
    const out = temporaryFolder();
    const file = temporaryFile('out-of-sight.json', JSON.stringify(MESSAGES));
    const outcome = await holdfast([
      ...['measure', fixture('models/mistral'), '--chat', file, '--out', out],
      ...['--policy', 'split-softmax', '--strength', '0.5', '--max-tokens', '4', '--temperature', '0'],
    ]);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stderr).toMatch(
      /note: the policy did not do all that it was asked to in \d of 2 turns; the first: no layer sees the system prompt any more/,
    );
    expect(outcome.stdout).toContain(
      'no two turns in a row see the prompt, so there is no change between turns.',
    );
    const [dialogue] = lines(join(out, 'dialogues.jsonl'));
    expect(dialogue.turns.at(-1).notice).toMatch(/^no layer sees the system prompt any more/);
  });
});
