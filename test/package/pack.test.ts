import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { entries } from '../support/module-names.js';

/**
 * Tests the package as a user gets it: packed, and installed into an empty folder. Packs the build of `npm test`: packing
 * must not build again while other tests use the build. So it does not test that `npm run pack` builds first.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const llama = join(root, 'test/fixtures/models/llama');

let folder = '';
/** The size of the packed package. */
let packedBytes = 0;
/** The reason for a failed installation; null if it succeeded. */
let offline: string | null = null;

const run = promisify(execFile);
const inFolder = async (command: string, ...args: string[]): Promise<string> =>
  (await run(command, args, { cwd: folder })).stdout;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  });
  const [{ filename, size }] = JSON.parse(packed.stdout) as [{ filename: string; size: number }];
  packedBytes = size;
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  try {
    await inFolder('npm', 'install', ...quiet, join(folder, filename));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED/.test(message)) throw error;
    offline = 'the registry cannot be reached and the dependencies are not in the npm cache';
  }
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package, installed into an empty folder', () => {
  const needsInstall = ({ skip }: TestContext): void => {
    if (offline !== null) skip(offline);
  };

  it('is a library that runs a model', async (context) => {
    needsInstall(context);
    const program = [
      "import { loadModel } from 'holdfast';",
      'const model = await loadModel(process.argv[2]);',
      'const sequence = model.executor.open(8);',
      "const [result] = await model.executor.forward([{ sequence, tokens: [1, 2], logits: 'last' }]);",
      'console.log(result.logits.length);',
      'await model.dispose();',
    ];
    await writeFile(join(folder, 'program.js'), program.join('\n'));
    expect(await inFolder(process.execPath, 'program.js', llama)).toBe('512\n');
  });

  it('is packed into at most 5.9 MB: 3.5 are the weights of the embedded model, 0.6 the bundled command', () => {
    expect(packedBytes).toBeGreaterThan(4.1e6);
    expect(packedBytes).toBeLessThanOrEqual(5.9e6);
  });

  it('takes at most 220 MB', (context) => {
    needsInstall(context);
    if (process.platform !== 'linux' || process.arch !== 'x64') context.skip('measured on Linux x64');
    const modules = join(folder, 'node_modules');
    const files = readdirSync(modules, { recursive: true, encoding: 'utf8' }).map((file) =>
      join(modules, file),
    );
    const bytes = files.map((file) => lstatSync(file)).filter((entry) => entry.isFile());
    expect(bytes.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(220e6);
  });

  it('says that the onnx executor needs a package that is not installed', async (context) => {
    needsInstall(context);
    const text = await inFolder('npx', '--no-install', 'holdfast', 'doctor');
    expect(text).toMatch(/^onnx +optional: onnxruntime-node is not installed\. .*npm install/m);
  });

  it('has an entry for each room it publishes', async (context) => {
    needsInstall(context);
    const program = [
      `const entries = ${JSON.stringify([...entries().keys()])};`,
      'const modules = await Promise.all(entries.map((entry) => import(entry)));',
      'console.log(modules.every((module) => Object.keys(module).length > 0));',
    ];
    await writeFile(join(folder, 'entries.js'), program.join('\n'));
    expect(await inFolder(process.execPath, 'entries.js')).toBe('true\n');
  });

  it('has types that resolve and check', async (context) => {
    needsInstall(context);
    const program = [
      "import { type HoldfastError, type LoadedModel, loadModel } from 'holdfast';",
      "const model: LoadedModel = await loadModel('model', { executor: 'reference' });",
      'export const layers: number = model.executor.blueprint.layers.length;',
      '// @ts-expect-error: no executor has this name',
      "await loadModel('model', { executor: 'abacus' });",
      "export const codeOf = (error: HoldfastError): 'E_TARGET' | null => error.code === 'E_TARGET' ? error.code : null;",
    ];
    const typed = [...entries().keys()].flatMap((entry, at) => [
      `import * as entry${at} from '${entry}';`,
      '// @ts-expect-error: without types it would have every name',
      `entry${at}.noSuchName;`,
    ]);
    await writeFile(join(folder, 'program.ts'), [...program, ...typed].join('\n'));
    const compilerOptions = {
      ...{ module: 'nodenext', moduleResolution: 'nodenext', target: 'es2023' },
      ...{ strict: true, noEmit: true, types: [] },
    };
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['program.ts'] }),
    );
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { stdout } = await run(tsc, ['-p', folder], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    // Ignore errors in the declarations of dependencies.
    const ours = stdout.split('\n').filter((line) => !/^node_modules\/(?!holdfast\/)/.test(line));
    expect(ours.join('\n')).toBe('');
  });

  it('is a command', async (context) => {
    needsInstall(context);
    const stdout = await inFolder(
      'npx',
      '--no-install',
      'holdfast',
      'tokens',
      llama,
      '--text',
      'hi',
      '--json',
    );
    expect(JSON.parse(stdout)).toMatchObject({ text: 'hi', spans: [] });
    const trace = ['trace', llama, '--ids', '1,2,3', '--target', 'sink', '--html', 'page.html'];
    await inFolder('npx', '--no-install', 'holdfast', ...trace);
    const page = readFileSync(join(folder, 'page.html'), 'utf8');
    expect(page).toContain('id="trace-numbers"');
    expect(page).toContain('Jason Miller'); // the licence of the code in it
    expect(await inFolder('npx', '--no-install', 'holdfast', '--version')).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('includes what its README links to, except results of studies', async (context) => {
    needsInstall(context);
    const home = join(folder, 'node_modules/holdfast');
    const links = [...readFileSync(join(home, 'README.md'), 'utf8').matchAll(/\]\(([^)#]+)/g)]
      .map(([, link]) => link!)
      .filter((link) => !link.startsWith('http'));
    expect(links).toContain('CONTRIBUTING.md');
    const missing = links.filter((link) => !existsSync(join(home, link)));
    expect(missing).not.toHaveLength(0);
    expect(missing.filter((link) => !link.startsWith('docs/results/'))).toEqual([]);
  });

  it('includes the embedded model with its recipe, but neither its twin nor training runs', async (context) => {
    needsInstall(context);
    const { model } = JSON.parse(await inFolder('npx', '--no-install', 'holdfast', 'inspect', '--json'));
    expect(model).toBe(join(realpathSync(folder), 'node_modules/holdfast/models/organism/soft'));
    const home = join(folder, 'node_modules/holdfast/models/organism');
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' });
    expect(files).toContain(join('recipe', 'train.py'));
    expect(files.filter((file) => /^(?:runs|sharp)\b|__pycache__/.test(file))).toEqual([]);
    const twin = inFolder('npx', '--no-install', 'holdfast', 'inspect', 'organism/sharp');
    await expect(twin).rejects.toMatchObject({
      stderr: expect.stringMatching(/repository, not in its npm package/),
    });
  });
});
