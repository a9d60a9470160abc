/**
 * Commands that write, for the scripts that break them. Each writes the same bytes every time, so a file under its final
 * name is whole if its bytes are those of a run that nothing disturbed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REPO, startLocalHub } from './local-hub.mjs';

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const main = at('dist/cli/main.js');
const sha256 = (content) => createHash('sha256').update(content).digest('hex');
const NOW = ['--now', '2026-11-29T12:00'];

/** Files of a study that have other bytes than another run's, and why. */
const OF_A_STUDY = {
  // It has times. They serve estimates alone, and a line that is not whole is skipped.
  differs: (name) => basename(name) === 'timings.jsonl',
  // It has the rankings alone until they decide the other cells.
  meanwhile: (name, text) =>
    basename(name) === 'plan.jsonl'
      ? [text.replace(/.*\n/g, (line) => (JSON.parse(line).kind === 'ranking' ? line : ''))]
      : [],
};

/**
 * The commands by name:
 * - `prepare` writes what the command reads, and returns what `stop` ends;
 * - `words` are the arguments of Node; `runners` says how many processes run it at once;
 * - `shorter` are shorter runs, by what `input` gets: files may have the bytes of these until the end;
 * - `meanwhile` returns the other contents that a file may have until the end, given its name and its text at the end;
 * - `differs` says of which files the bytes cannot be known: they must be there;
 * - `check` throws if those are not whole;
 * - `ends` is what the command says when it has done all; `reported` returns what it said was done, and is not there;
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
    ...OF_A_STUDY,
    ends: /^Results: /m,
    reported: (text, { out }) => missingCells(text, out),
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
    meanwhile: OF_A_STUDY.meanwhile,
    // The list has the digest of the page, which shows the folder's path.
    differs: (name) => OF_A_STUDY.differs(name) || basename(name) === 'written.json',
    check({ out }) {
      const list = join(out, 'hold/written.json');
      if (!existsSync(list)) return;
      for (const [name, digests] of Object.entries(JSON.parse(readFileSync(list, 'utf8')))) {
        const file = join(out, 'hold', name);
        if (existsSync(file) && !digests.includes(sha256(readFileSync(file))))
          throw new Error(`the list does not have ${name} as it is`);
      }
    },
    ends: /: its page$/m,
    reported: (text, { out }) =>
      text
        .split(/^(?=trying |testing )/m)
        .flatMap((stage) => missingCells(stage, join(out, STAGES.get(stage.split(' ')[0]) ?? ''))),
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
    ends: /\/snapshots\/[0-9a-f]{40}$/m,
  },
  measure: {
    runners: 1,
    prepare() {},
    words: ({ out }) => [
      ...[main, 'measure', 'organism', '--dialogues', '2', '--rounds', '2', '--max-tokens', '8'],
      ...['--threads', '1', '--seed', '1', ...NOW, '--out', out],
    ],
    ends: /summary\.json$/m,
    refuses: /the folder already contains a measurement/,
  },
  chat: {
    runners: 1,
    prepare() {},
    words: () => [
      ...[main, 'chat', 'organism', '--threads', '1', '--max-tokens', '4', '--temperature', '0', ...NOW],
    ],
    // It is saved after every answer, under the same name.
    input: ({ out, saves = 4 }) => `hello\n/save --force ${join(out, 'saved.json')}\n`.repeat(saves),
    shorter: [{ saves: 1 }, { saves: 2 }, { saves: 3 }],
    reported(text, { out }, contents) {
      const saves = [...text.matchAll(/^saved: /gm)].length;
      if (saves === 0) return [];
      // It may have been killed after the next save, before it said so.
      const reached = contents.get('saved.json').indexOf(filesOf(out).get('saved.json'));
      return reached === saves - 1 || reached === saves
        ? []
        : [`it said ${saves} times that it saved, but the file has save number ${reached + 1}`];
    },
  },
};

/** The study of each stage of `calibrate`, by the word with which it is announced. */
const STAGES = new Map([
  ['trying', 'hold/choose'],
  ['testing', 'hold/confirm'],
]);

/** Returns what is wrong if a study said that more cells are done than are there. */
function missingCells(text, folder) {
  const said = Math.max(
    0,
    ...[...text.matchAll(/^(\d+) (?:of \d+ )?cells\b/gm)].map(([, done]) => Number(done)),
  );
  const there = [...filesOf(join(folder, 'cells')).keys()].filter((name) => name.endsWith('.json')).length;
  return there < said ? [`it said that ${said} cells are done, and ${there} are there`] : [];
}

/** What is at a name that is no file: a link whose file is not there. */
const NO_FILE = 'no file';

/** Returns the digests of the files below a folder, by their paths. */
export function filesOf(folder) {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return new Map(names.sort().map((name) => [name, digestOf(folder, name)]));
}

function digestOf(folder, name) {
  const file = join(folder, name);
  // Some pages show the folder's path.
  return existsSync(file) ? sha256(readFileSync(file, 'latin1').replaceAll(folder, '')) : NO_FILE;
}

/** Prepares a folder for a command. Its files are of `out`; a run that is compared with another has an `out` of its own. */
async function placeOf(command, folder) {
  mkdirSync(folder, { recursive: true });
  const place = { folder, out: join(folder, 'undisturbed') };
  const stop = await command.prepare(place);
  return { ...place, stop: stop ?? (() => {}) };
}

/**
 * Runs a command that nothing disturbs.
 * @param how as for {@link start}
 * @returns `place`; `ms` that it took; and `contents`: of each file, by its name, the digests that it may have, that of the end last
 */
export async function undisturbed(command, folder, how = () => ({})) {
  const place = await placeOf(command, folder);
  const since = performance.now();
  const { text } = await ended(command, place, how(place));
  const ms = performance.now() - since;
  const contents = new Map();
  const names = filesOf(place.out);
  for (const name of names.keys()) {
    const text = readFileSync(join(place.out, name), 'latin1').replaceAll(place.out, '');
    contents.set(name, (command.meanwhile?.(name, text) ?? []).map(sha256));
  }
  for (const [at, less] of (command.shorter ?? []).entries()) {
    const shorter = { ...place, ...less, out: join(folder, `shorter-${at}`) };
    await ended(command, shorter);
    for (const [name, digest] of filesOf(shorter.out)) contents.get(name).push(digest);
  }
  for (const [name, digest] of names) contents.get(name).push(digest);
  const faults = faultsOfWords(command, place, contents, text);
  if (faults.length > 0) throw new Error(`undisturbed, ${faults.join('; ')}`);
  return { place, ms, contents };
}

async function ended(command, place, how) {
  const { code, text } = await start(command, place, how).ended;
  if (code !== 0) throw new Error(`it fails undisturbed: ${text}`);
  if (command.ends?.test(text) === false)
    throw new Error(`undisturbed, it does not say that it has ended: ${text}`);
  return { text };
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
export function faultsOf(command, place, contents, before = new Map()) {
  const faults = [];
  const now = filesOf(place.out);
  for (const [name, digest] of now) {
    if (isTemporary(name)) continue;
    const allowed = contents.get(name);
    if (allowed === undefined) faults.push(`${name} is there, and not in an undisturbed run`);
    else if (!command.differs?.(name) && !allowed.includes(digest)) faults.push(`${name} is not whole`);
  }
  for (const name of before.keys())
    if (!isTemporary(name) && !now.has(name)) faults.push(`${name} was there and is lost`);
  try {
    command.check?.(place);
  } catch (error) {
    faults.push(String(error));
  }
  return { faults, now };
}

/** Returns what is wrong where a run has ended well: the files must be those of an undisturbed run, and no others. */
export function faultsAtEnd(command, place, contents) {
  const { faults, now } = faultsOf(command, place, contents);
  for (const name of now.keys()) if (isTemporary(name)) faults.push(`${name} is left`);
  return [...faults, ...unfinished(command, now, contents)];
}

/** Returns what is wrong with what a run said: all that it said was done must be there. */
export function faultsOfWords(command, place, contents, text) {
  const faults = command.reported?.(text, place, contents) ?? [];
  const isEnd = command.ends?.test(text) === true;
  return [
    ...faults,
    ...(isEnd
      ? unfinished(command, filesOf(place.out), contents).map((fault) => `it said it had ended: ${fault}`)
      : []),
  ];
}

/** Returns which files do not have the content of the end. */
function unfinished(command, now, contents) {
  return [...contents].flatMap(([name, allowed]) => {
    if (!now.has(name)) return [`${name} is missing`];
    const isEnd = command.differs?.(name) || now.get(name) === allowed.at(-1);
    return isEnd ? [] : [`${name} is not as undisturbed`];
  });
}
