/**
 * Commands that write, for the scripts that break them. Each writes the same bytes every time, so a file under its final
 * name is whole if its bytes are those of a run that nothing disturbed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REPO, startLocalHub } from './local-hub.mjs';

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const main = at('dist/cli/main.js');
const sha256 = (content) => createHash('sha256').update(content).digest('hex');
const NOW = ['--now', '2026-11-29T12:00'];

/**
 * The commands by name:
 * - `prepare` writes what the command reads, and returns what `stop` ends;
 * - `words` are the arguments of Node; `runners` says how many processes run it at once;
 * - `final` says whether a file has the bytes of an undisturbed run as soon as it has its name;
 * - `stays` says whether a file may get other bytes, but not go;
 * - `check` throws if what is there is not whole, where its bytes cannot tell;
 * - `refuses` is the only failure of a run that follows a broken one, if there may be one.
 */
export const COMMANDS = {
  study: {
    runners: 2,
    prepare({ folder }) {
      const spec = { name: 'tiny', dialogues: 12, arms: { off: 'o', on: 'n' }, costs: 5, ranked: 2 };
      writeFileSync(join(folder, 'tiny.json'), JSON.stringify(spec));
    },
    words: ({ folder, out }) => [
      ...[at('test/study/stub-main.mjs'), 'study', 'run', join(folder, 'tiny.json')],
      ...['--out', out, '--jobs', '1', ...NOW],
    ],
    final: (name) => /cells\/.*\.json$|^study\.json$/.test(name),
    ignored: (name) => name === 'timings.jsonl',
    // The plan has its first cells alone until their results decide the others.
    stays: (name) => name === 'plan.jsonl',
    check({ folder, out }) {
      const [plan, whole] = [out, join(folder, 'undisturbed')].map((each) => {
        const file = join(each, 'plan.jsonl');
        return existsSync(file) ? readFileSync(file, 'utf8') : '';
      });
      if (!whole.startsWith(plan) || !/^$|\n$/.test(plan)) throw new Error('plan.jsonl is not whole');
    },
  },
  calibrate: {
    runners: 1,
    prepare({ folder }) {
      writeFileSync(join(folder, 'prompt.txt'), "Answer as a ship's cook.\n");
    },
    words: ({ folder, out }) => [
      ...[at('test/cli/stub-prompt-main.mjs'), 'calibrate', 'organism', '--force'],
      ...['--system-file', join(folder, 'prompt.txt'), '--rounds', '2', '--dialogues', '5'],
      ...['--max-tokens', '6', '--jobs', '1', ...NOW, '--out', join(out, 'hold.json')],
    ],
    final: (name) => /cells\/.*\.json$|^hold\.json$/.test(name),
    // The page shows the folder's path, and the list has the page's digest.
    ignored: (name) => /timings\.jsonl$|study\.json$|written\.json$/.test(name),
    check({ out }) {
      const list = join(out, 'hold/written.json');
      if (!existsSync(list)) return;
      for (const [name, digests] of Object.entries(JSON.parse(readFileSync(list, 'utf8')))) {
        const file = join(out, 'hold', name);
        if (existsSync(file) && !digests.includes(sha256(readFileSync(file))))
          throw new Error(`the list does not have ${name} as it is`);
      }
    },
  },
  download: {
    runners: 1,
    async prepare(place) {
      place.hub = await startLocalHub(at('test/fixtures/models/llama'));
      return () => place.hub.close();
    },
    words: () => [main, 'pull', REPO],
    env: ({ out, hub }) => ({
      HF_ENDPOINT: hub.endpoint,
      HF_HUB_CACHE: out,
      HF_HUB_OFFLINE: '',
      HF_TOKEN: '',
    }),
    final: (name) => /\/blobs\/[0-9a-f]+$|\/snapshots\/|\/refs\//.test(name),
    ignored: () => false,
  },
  measure: {
    runners: 1,
    prepare() {},
    words: ({ out }) => [
      ...[main, 'measure', 'organism', '--dialogues', '2', '--rounds', '2', '--max-tokens', '8'],
      ...['--threads', '1', '--seed', '1', ...NOW, '--out', out],
    ],
    final: () => true,
    ignored: () => false,
    refuses: /the folder already contains a measurement/,
  },
  chat: {
    runners: 1,
    prepare() {},
    words: () => [
      ...[main, 'chat', 'organism', '--threads', '1', '--max-tokens', '4', '--temperature', '0', ...NOW],
    ],
    input: ({ out }) => `hello\n/save --force ${join(out, 'saved.json')}\n`.repeat(4),
    // It is saved four times, so it may have one of four contents.
    final: () => false,
    ignored: () => false,
    check({ out }) {
      const file = join(out, 'saved.json');
      if (existsSync(file)) JSON.parse(readFileSync(file, 'utf8'));
    },
  },
};

/** Returns the files below a folder, by their paths; those that are ignored are left out. */
export function filesOf(folder, ignored = () => false) {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter(
      (name) => !ignored(name) && existsSync(join(folder, name)) && statSync(join(folder, name)).isFile(),
    );
  return new Map(
    names.sort().map((name) => [
      name,
      // Some pages show the folder's path.
      sha256(readFileSync(join(folder, name), 'latin1').replaceAll(folder, '')),
    ]),
  );
}

/** Prepares a folder for a command. Its files are of `out`; a run that is compared with another has an `out` of its own. */
export async function placeOf(command, folder) {
  mkdirSync(folder, { recursive: true });
  const place = { folder, out: join(folder, 'undisturbed') };
  const stop = await command.prepare(place);
  return { ...place, stop: stop ?? (() => {}) };
}

/**
 * Starts a command. `ended` resolves to its exit code, its signal and what it said.
 * @param how `within`: a program that runs the rest of its arguments; `env`: more of the environment
 */
export function start(command, place, { within = [], env = {} } = {}) {
  mkdirSync(place.out, { recursive: true });
  const [program, ...words] = [...within, process.execPath, ...command.words(place)];
  const own = { XDG_CONFIG_HOME: place.folder, XDG_STATE_HOME: place.folder, HF_HUB_OFFLINE: '1' };
  const child = spawn(program, words, {
    cwd: place.folder,
    env: { ...process.env, ...own, ...command.env?.(place), ...env },
  });
  child.stdin.on('error', () => {}); // it was killed
  child.stdin.end(command.input?.(place) ?? '');
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  const ended = new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, text: Buffer.concat(said).toString() }));
  });
  return { child, ended };
}

/** Whether a file is a temporary one. */
export const isTemporary = (name) => /\.tmp$|incomplete$/.test(name);

/**
 * Compares what is on disk with an undisturbed run, and with what was there before.
 * @returns `faults`, what is wrong in words, and `now`, the files on disk
 */
export function faultsOf(command, place, expected, before) {
  const faults = [];
  const now = filesOf(place.out, command.ignored);
  for (const [name, hash] of now) {
    if (isTemporary(name) || !command.final(name)) continue;
    if (expected.get(name) !== hash) faults.push(`${name} is not whole`);
  }
  for (const [name, hash] of before) {
    const isLost = command.final(name) ? now.get(name) !== hash : command.stays?.(name) && !now.has(name);
    if (!isTemporary(name) && isLost)
      faults.push(`${name} was there and is ${now.has(name) ? 'changed' : 'lost'}`);
  }
  try {
    command.check?.(place);
  } catch (error) {
    faults.push(String(error));
  }
  return { faults, now };
}
