import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMBEDDED_MODEL, loadModel } from '../../src/index.js';
import { expectFailure, fixture, holdfast, type Outcome, succeed, temporaryFolder } from './holdfast.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const SAID = /^note: no model named, using the embedded one, models\/organism\/soft \([^\n]+\)\n$/;

describe('without a MODEL', () => {
  const out = (): string => join(temporaryFolder(), 'trace.safetensors');
  const commands: readonly (readonly [string, () => readonly string[]])[] = [
    ['inspect', () => ['--json']],
    ['tokens', () => ['--text', 'hello', '--json']],
    ['trace', () => ['--text', 'hello', '--threads', '1', '--force', '--out', out()]],
    ['chat', () => ['--system', 'Hold.', '--max-tokens', '4', '--threads', '1', '--json']],
  ];
  it.each(commands)('%s uses the embedded one, and says so only on stderr', async (command, options) => {
    const args = options();
    const stdin = command === 'chat' ? 'hello\n' : '';
    const unnamed = await holdfast([command, ...args], stdin);
    expect(unnamed.stderr).toMatch(SAID);
    expect(unnamed.code).toBe(0);
    const again = command === 'trace' ? ['--force'] : [];
    const named = await holdfast([command, EMBEDDED_MODEL, ...args, ...again], stdin);
    expect(named.stderr).toBe('');
    const untimed = (text: string): string => text.replace(/"tokensPerSecond":[\d.]+/, '');
    expect(untimed(unnamed.stdout)).toBe(untimed(named.stdout));
    expect(unnamed.stdout).not.toBe('');
  });

  it('says how many parameters the embedded model has', async () => {
    const { stdout, stderr } = await holdfast(['inspect', '--json']);
    const { parameters } = JSON.parse(stdout);
    expect(stderr).toContain(`(${(parameters / 1e6).toFixed(1)} M parameters, `);
  });

  it('is available to programs as well', async () => {
    const model = await loadModel(EMBEDDED_MODEL, { executor: 'reference' });
    expect(model.format).not.toBeNull();
    await model.dispose();
    expect(JSON.parse(await succeed(['inspect', '--json'])).model).toBe(EMBEDDED_MODEL);
  });
});

describe('the name of the embedded model', () => {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-installed-'));
  beforeAll(() => {
    cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(home, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  });
  afterAll(() => rmSync(home, { recursive: true }));

  /** Puts these fixtures where the installed command has its embedded models, and returns a function that runs it in a folder. */
  function install(models: Readonly<Record<string, string>>): (cwd: string, ...args: string[]) => Outcome {
    const embedded = join(home, 'models/organism');
    rmSync(embedded, { recursive: true, force: true });
    mkdirSync(embedded, { recursive: true });
    for (const [name, path] of Object.entries(models)) symlinkSync(fixture(path), join(embedded, name));
    return (cwd, ...args) => {
      const command = [join(home, 'dist/cli/main.js'), ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd, encoding: 'utf8' });
      return { code: status, stdout, stderr };
    };
  }
  const architectureOf = ({ stdout, stderr, code }: Outcome): string => {
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    return JSON.parse(stdout).blueprint.architecture;
  };
  const BOTH = { soft: 'models/llama', sharp: 'models/qwen2' };

  it('is organism, and organism/sharp for its twin, without a note on stderr', () => {
    const run = install(BOTH);
    const elsewhere = temporaryFolder();
    expect(architectureOf(run(elsewhere, 'inspect', 'organism', '--json'))).toBe('llama');
    expect(architectureOf(run(elsewhere, 'inspect', 'organism/sharp', '--json'))).toBe('qwen2');
  });

  it('is named in the help only where it is', () => {
    const help = (models: Readonly<Record<string, string>>): string =>
      install(models)(temporaryFolder(), 'inspect', '--help').stdout.replaceAll(/\s+/g, ' ');
    expect(help(BOTH)).toContain('the embedded model, organism (its sharp twin: organism/sharp)');
    expect(help({ soft: BOTH.soft })).toMatch(/the embedded model, organism(?!\S| \(its sharp)/);
  });

  it('yields to a folder of that name', () => {
    const run = install(BOTH);
    const folder = temporaryFolder();
    symlinkSync(fixture('models/qwen3'), join(folder, 'organism'));
    expect(architectureOf(run(folder, 'inspect', 'organism', '--json'))).toBe('qwen3');
  });

  it('has no other spelling, and an empty name does not count as no name', () => {
    const run = install(BOTH);
    expectFailure(run(temporaryFolder(), 'inspect', ''), 1, /E_NOT_FOUND: there is no such file/);
    // It could be a name of the hub.
    expectFailure(
      run(temporaryFolder(), 'inspect', 'organism/soft'),
      1,
      /E_HUB: the model is missing or incomplete in the cache/,
    );
  });

  it.each([
    ['no MODEL', [], 'soft'],
    ['organism', ['organism'], 'soft'],
    ['organism/sharp', ['organism/sharp'], 'sharp'],
  ])('names the place where it is missing, for %s', (_, named, place) => {
    const outcome = install({})(temporaryFolder(), 'inspect', ...named);
    const message = new RegExp(
      `E_NOT_FOUND: the embedded model is missing \\(/.*/models/organism/${place}\\)\\.`,
    );
    expectFailure(outcome, 1, message);
  });

  it('is looked up only if nothing else is wrong', () => {
    const run = install(BOTH);
    const folder = temporaryFolder();
    expectFailure(run(folder, 'tokens'), 2, /nothing to tokenise/);
    expectFailure(run(folder, 'inspect', '--precision', 'q5'), 1, /unknown precision: "q5"/);
    expectFailure(run(folder, 'trace', '--out', 'x'), 2, /exactly one of --ids/);
    expectFailure(run(folder, 'chat', '--strength', '1'), 2, /E_USAGE/);
  });
});
