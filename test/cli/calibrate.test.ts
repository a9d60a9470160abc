import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readHold } from '../../src/dialogue/index.js';
import { expectFailure, holdfast, holdfastProcess, outcomeOf, temporaryFolder } from './holdfast.js';

const PROMPT = 'Talk like a cowboy. Keep each answer to one sentence.';
const RULES = `shown: always
probes:
  - question: How do I cook soup?
judge: { rule: begins-with, texts: [giddy up, yee haw, howdy] }
`;
/** As few dialogues as there may be, and short ones. */
const TINY = ['--rounds', '2', '--dialogues', '5', '--max-tokens', '6', '--jobs', '1', '--now', '2026-11-29'];

/** A folder with a prompt and its rules. */
function prompted(rules = RULES) {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('prompt.txt'), `${PROMPT}\n`);
  writeFileSync(file('rules.yaml'), rules);
  return { file, system: ['--system-file', file('prompt.txt')], rules: ['--rules', file('rules.yaml')] };
}

/** Counts the results on disk. */
const cellsIn = (folder: string): number =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /[0-9a-f]{64}\.json$/.test(name),
      ).length
    : 0;

describe('holdfast audit', () => {
  it('writes one page, its figures and its study, and says what to do next', async () => {
    const { file, system, rules } = prompted();
    const outcome = await holdfastProcess([
      'audit',
      'organism',
      ...system,
      ...rules,
      ...TINY,
      '--out',
      file('audit'),
    ]);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stderr).toMatch(/^watching 5 dialogues of 2 rounds\n/);
    expect(outcome.stdout).toMatch(/probes in rounds 1 to 1, /);
    expect(outcome.stdout).toMatch(
      /\nnext: .* calibrate organism --system-file .*prompt\.txt --rules .*rules\.yaml\n$/,
    );
    const written = readdirSync(file('audit')).toSorted();
    expect(written).toEqual([
      'audit',
      'audit.yaml',
      'index.html',
      'influence.svg',
      'obedience.svg',
      'rules.yaml',
      'shares.svg',
      'system.txt',
      'written.json',
    ]);
    expect(readFileSync(file('audit/index.html'), 'utf8').includes(PROMPT)).toBe(true);
    const before = cellsIn(file('audit/audit'));
    await holdfastProcess(['audit', 'organism', ...system, ...rules, ...TINY, '--out', file('audit')]);
    expect(cellsIn(file('audit/audit'))).toBe(before);
  }, 120_000);

  it.each(['index.html', 'shares.svg', 'audit.yaml', 'written.json'])(
    'leaves a %s of someone else alone',
    async (name) => {
      const { file, system } = prompted();
      mkdirSync(file('site'));
      writeFileSync(file(`site/${name}`), 'mine');
      expectFailure(
        await holdfast(['audit', 'organism', ...system, ...TINY, '--out', file('site')]),
        1,
        /E_UNWRITABLE: the file exists, and nothing says that this command wrote it/,
      );
      expect(readdirSync(file('site'))).toEqual([name]);
      expect(readFileSync(file(`site/${name}`), 'utf8')).toBe('mine');
    },
  );
});

describe('holdfast calibrate', () => {
  const stub = fileURLToPath(new URL('./stub-prompt-main.mjs', import.meta.url));
  const startStub = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const child = spawn(process.execPath, [stub, ...args], {
      stdio: 'pipe',
      env: { ...process.env, ...env },
    });
    child.stdin.end();
    return child;
  };
  const argsOf = ({ file, system }: ReturnType<typeof prompted>): readonly string[] => [
    ...['calibrate', 'organism', ...system, ...TINY, '--out', file('hold.json')],
  ];
  const holdIn = ({ file }: ReturnType<typeof prompted>) =>
    readHold(JSON.parse(readFileSync(file('hold.json'), 'utf8')));

  it('stops on a signal, resumes, and writes a hold that chat takes', async () => {
    const files = prompted();
    const { file } = files;
    const child = startStub(argsOf(files));
    const poll = setInterval(() => {
      if (cellsIn(file('hold/choose')) <= 3) return;
      clearInterval(poll); // a second signal would end the process at once
      child.kill('SIGINT');
    }, 20);
    const stopped = await outcomeOf(child).finally(() => clearInterval(poll));
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stderr).toMatch(/stopped: \d+ of \d+ cells are done .* run the same command again\.\n$/);
    expect(existsSync(file('hold.json'))).toBe(false);
    expect(cellsIn(file('hold/choose'))).toBeGreaterThan(3);

    const outcome = await outcomeOf(startStub(argsOf(files)));
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stdout).toMatch(
      /^setting +late influence +gain +beyond a random span +cost, nats a token/,
    );
    expect(outcome.stdout).toMatch(/\nYes: boost, M = [24] raises the prompt's influence in rounds 2 to 2 /);
    const hold = holdIn(files);
    expect(hold).toMatchObject({
      ...{ date: '2026-11-29', verdict: 'helps', settings: { policy: 'boost', target: 'message' } },
      model: { name: 'organism', layers: 6, heads: 5 },
      evidence: {
        ...{ budget: 0.02, rounds: 2 },
        ...{ chosenOn: { dialogues: 5, prompts: 1 }, testedOn: { dialogues: 10, prompts: 1 } },
      },
    });
    expect(hold.evidence!.outcome).toMatch(/ beyond that under the same policy on a random span, /);
    expect(hold.evidence!.gain!.value).toBeCloseTo(0.4, 6);
    expect(readFileSync(file('hold/confirm.yaml'), 'utf8')).toMatch(
      /contrasts:\n +boost, M = [24]: boost, M = [24], target random:1\n/,
    );
    for (const name of ['index.html', 'course.svg', 'front.svg'])
      expect(existsSync(file(`hold/${name}`)), name).toBe(true);

    const taken = await holdfast(
      ['chat', 'organism', '--system', PROMPT, '--hold', file('hold.json'), '--max-tokens', '6', '--json'],
      'How do I cook soup?\n',
    );
    expect(taken.code, taken.stderr).toBe(0);
    expect(JSON.parse(taken.stdout).policy).toBe('boost');
    expect(taken.stderr).toBe('');
  }, 120_000);

  it.each([
    ['other dialogues show no gain', { STUB_TESTED: '0' }, [], /\nNothing was shown to help here: /],
    [
      'controls gain as much',
      { STUB_CONTROL: '0.6' },
      [],
      /\nNothing helps here: none of the 2 settings .* more than the same policy on a random span, /,
    ],
    ['nothing gains', { STUB_GAIN: '-0.5' }, [], /\nNothing helps here: none of the 2 settings /],
    [
      'nothing is cheap enough',
      {},
      ['--budget', '0.001'],
      /\nNothing helps here: every setting may cost more /,
    ],
  ])(
    'says plainly that nothing helps if %s',
    async (_, env, more, words) => {
      const files = prompted();
      const outcome = await outcomeOf(startStub([...argsOf(files), ...more], env));
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(outcome.stdout).toMatch(words);
      expect(holdIn(files)).toMatchObject({ verdict: 'nothing helps', settings: { policy: 'off' } });
    },
    120_000,
  );

  /** What is wrong, what does it and gives the options, the exit code, and the error. */
  type Refusal = [string, (files: ReturnType<typeof prompted>) => readonly string[], number, RegExp];
  it.each<Refusal>([
    ...['index.html', 'front.svg'].map(
      (name): Refusal => [
        `the file ${name} of someone else in its folder`,
        ({ file, system }) => {
          mkdirSync(file('hold'));
          writeFileSync(file(`hold/${name}`), 'mine');
          return [...system, '--out', file('hold.json')];
        },
        1,
        new RegExp(
          `E_UNWRITABLE: the file exists, and nothing says that this command wrote it \\(.*${name.replace('.', '\\.')}\\)`,
        ),
      ],
    ),
    ['no prompt', () => [], 2, /--system-file <file>/],
    [
      'a prompt that is not there',
      ({ file }) => ['--system-file', file('none.txt')],
      1,
      /E_NOT_FOUND: .*none\.txt/,
    ],
    ['too few dialogues', ({ system }) => [...system, '--dialogues', '4'], 2, /at least 5/],
    ['no budget', ({ system }) => [...system, '--budget', '0'], 2, /--budget must be above 0/],
    [
      'a hold that is there',
      ({ file, system }) => {
        writeFileSync(file('hold.json'), 'of before');
        return [...system, '--out', file('hold.json')];
      },
      1,
      /E_UNWRITABLE: the file exists \(.*hold\.json\)\. .* --force\n$/,
    ],
    [
      "another prompt's folder",
      ({ file, system }) => {
        mkdirSync(file('hold'));
        writeFileSync(file('hold/system.txt'), 'Another prompt.\n');
        return [...system, '--out', file('hold.json')];
      },
      1,
      /E_UNWRITABLE: the folder belongs to another prompt.*hold\/system\.txt/,
    ],
    ['another kind of file', ({ system }) => [...system, '--out', 'hold.txt'], 2, /must end in \.json/],
  ])('refuses %s', async (_, args, code, message) => {
    const files = prompted();
    expectFailure(await holdfast(['calibrate', 'organism', ...args(files)]), code, message);
  });

  it('names file and line of a mistake in the rules', async () => {
    const { file, system, rules } = prompted(RULES.replace('begins-with', 'starts-with'));
    const args = ['calibrate', 'organism', ...system, ...rules, '--out', file('hold.json')];
    expectFailure(await holdfast(args), 1, /E_MATERIAL: line 4: .*rules\.yaml/);
  });
});
