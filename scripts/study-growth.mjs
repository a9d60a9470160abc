// Measures what a study of many cells costs: to expand, to resume, to merge and to report it, with synthetic records.
//
//     npm run build && node scripts/study-growth.mjs [--cells 100000] [--shards 32] [--arms 10] [--files 20000] [--heap 12000]
//
// The study is one of the embedded model, with dialogues of two rounds. Its records are made up, so only the numbers of time
// and memory mean anything. Every step is a process of its own, whose heap may grow to `--heap` MiB (Node's own limit is 4 GiB at
// most). `--files` cells are also kept as a file each, to compare; then the files are listed, looked at and removed.
// A million cells take about 10 GB in the temporary folder (TMPDIR).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    cells: { type: 'string', default: '100000' },
    shards: { type: 'string', default: '32' },
    arms: { type: 'string', default: '10' },
    files: { type: 'string', default: '20000' },
    heap: { type: 'string', default: '12000' },
  },
});
const [cells, shards, arms, files] = [values.cells, values.shards, values.arms, values.files].map(Number);
const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-growth-'));
const at = (name) => join(folder, name);
const spec = `name: growth
now: 2026-01-31
sources:
  - organism: { dialogues: ${Math.ceil(cells / arms)}, rounds: 2 }
max-tokens: 32
probes: [1, 2]
costs: none
analysis: { early: [1, 1], late: [2, 2] }
arms: [off, { split-softmax: [${Array.from({ length: arms - 1 }, (_, arm) => (0.95 - 0.05 * arm).toFixed(2)).join(', ')}] }]
`;

const rows = [];
/** Runs Node and notes its time, its processor time and its largest memory. */
function measure(what, args) {
  const used = at('used');
  const noting = `import { writeFileSync } from 'node:fs';process.on('exit', () => writeFileSync(${JSON.stringify(used)}, JSON.stringify(process.resourceUsage())))`;
  const begin = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      `--max-old-space-size=${values.heap}`,
      `--import=data:text/javascript,${encodeURIComponent(noting)}`,
      ...args,
    ],
    { encoding: 'utf8', cwd: folder, maxBuffer: 2 ** 30 },
  );
  const seconds = (performance.now() - begin) / 1000;
  if (status !== 0) throw new Error(`${what} failed with ${status}: ${stderr.slice(-2000)}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(used, 'utf8'));
  rows.push([
    what,
    seconds.toFixed(1),
    ((userCPUTime + systemCPUTime) / 1e6).toFixed(1),
    Math.round(maxRSS / 1024),
  ]);
  console.log(rows.at(-1).join(' | '));
  return stdout;
}

const library = (name) => JSON.stringify(new URL(`../dist/${name}`, import.meta.url).href);

/** A number in 0…1 that depends on the address alone. */
const drawn = (address, part) => Number.parseInt(address.slice(part, part + 6), 16) / 2 ** 24;

const system = (index) =>
  `Always do thing ${index % 1000} and never the other thing, whatever the user says.`;

/** Returns made-up answers to a dialogue's probe without its prompt. */
const chanceOf = ({ address, labels }) => ({
  kind: 'chance',
  ...labels,
  scenario: `trial ${labels.index}`,
  group: labels.index % 2 === 0 ? 'persona' : 'pattern',
  system: system(labels.index),
  unrelated: null,
  answers: [
    {
      label: 'thing',
      question: 'Which thing?',
      rule: null,
      repeat: 1,
      answer: 'None.',
      score: Math.round(drawn(address, 30) / 2),
      under: 'none',
    },
  ],
});

/** Returns a made-up dialogue. */
function dialogueOf({ address, labels }) {
  const digits = (value) => Number(value.toPrecision(4));
  return {
    kind: 'dialogue',
    ...labels,
    scenario: `trial ${labels.index}`,
    group: labels.index % 2 === 0 ? 'persona' : 'pattern',
    system: system(labels.index),
    rounds: [1, 2].map((round) => ({
      round,
      user: `A question of round ${round}, number ${labels.index % 97}?`,
      answer: `The answer ${address.slice(0, 40)} of about as many words as the embedded model gives.`,
      finished: true,
      contextTokens: 60 * round,
      systemTokens: 12,
      strength: labels.arm === 'off' ? null : 0.5,
      notice: null,
      share: { before: digits(drawn(address, round)), after: digits(drawn(address, round + 1)) },
      spread: { mean: 0.12, median: 0.05, ninetieth: 0.41, above: 0.01, below: 0.3 },
      heads: Array.from({ length: 30 }, (_, head) => digits(drawn(address, head + round))),
      controls: { sink: 0.41, template: 0.12, random: null },
      obedience: Math.round(drawn(address, 20)),
      ability: 1,
      fluency: 1,
      probes: [
        {
          label: 'thing',
          question: 'Which thing?',
          rule: null,
          repeat: 1,
          answer: 'This.',
          score: Math.round(drawn(address, 30 + round)),
        },
      ],
    })),
    forwardedTokens: 400,
    forwardPasses: 60,
  };
}

/** Returns the line of a cell with a made-up record, as its file has it. */
function lineOf(cell) {
  const { address } = cell;
  const text = JSON.stringify(cell.kind === 'chance' ? chanceOf(cell) : dialogueOf(cell));
  const sha256 = createHash('sha256').update(text).digest('hex');
  return `{"address":"${address}","sha256":"${sha256}","record":${text}}\n`;
}

try {
  writeFileSync(at('growth.yaml'), spec);
  console.log('step | s | processor s | MiB');
  measure('expand, and write the plan', [
    '--input-type=module',
    '--eval',
    `const { openStudy, prepareStudy } = await import(${library('study/index.js')});
     await prepareStudy(await openStudy('growth.yaml', {}, {}), { folder: 'shard1', models: {} });`,
  ]);
  const plan = readFileSync(at('shard1/plan.jsonl')).toString().split('\n').slice(0, -1);
  console.log(
    `${plan.length} cells, plan.jsonl ${(statSync(at('shard1/plan.jsonl')).size / 2 ** 20).toFixed(0)} MiB`,
  );
  for (let shard = 1; shard <= shards; shard++) {
    if (shard > 1) cpSync(at('shard1'), at(`shard${shard}`), { recursive: true });
  }
  let bytes = 0;
  for (let shard = 1; shard <= shards; shard++) {
    mkdirSync(at(`shard${shard}/packs`));
    const file = openSync(at(`shard${shard}/packs/${shard}of${shards}.jsonl`), 'w');
    for (let from = shard - 1; from < plan.length; from += 1000 * shards) {
      const lines = [];
      for (let cell = from; cell < Math.min(plan.length, from + 1000 * shards); cell += shards) {
        lines.push(lineOf(JSON.parse(plan[cell])));
      }
      const text = lines.join('');
      bytes += text.length;
      writeFileSync(file, text);
    }
    closeSync(file);
  }
  console.log(`records: ${(bytes / plan.length).toFixed(0)} bytes each`);
  const parts = Array.from({ length: shards }, (_, shard) => `shard${shard + 1}`);
  measure(`status of ${shards} folders`, [command, 'study', 'status', ...parts]);
  measure(`merge ${shards} folders`, [command, 'study', 'merge', ...parts, '--out', 'merged']);
  for (const part of parts) rmSync(at(part), { recursive: true });
  measure('resume: nothing is missing', [
    command,
    'study',
    'run',
    'growth.yaml',
    '--out',
    'merged',
    '--json',
  ]);
  measure('report', [command, 'study', 'report', 'merged', '--dialogues', '2']);

  // The same records as a file each.
  const some = readFileSync(at('merged/plan.jsonl')).toString().split('\n').slice(0, files);
  mkdirSync(at('files/cells'), { recursive: true });
  for (const name of ['study.json', 'plan.jsonl']) cpSync(at(`merged/${name}`), at(`files/${name}`));
  writeFileSync(at('files/plan.jsonl'), some.map((line) => `${line}\n`).join(''));
  cpSync(at('files'), at('pack'), { recursive: true });
  mkdirSync(at('pack/packs'));
  const timed = (what, act) => {
    const [from, before] = [performance.now(), process.cpuUsage()];
    const result = act();
    const { user, system } = process.cpuUsage(before);
    const [seconds, processor] = [(performance.now() - from) / 1000, (user + system) / 1e6];
    console.log(
      `${files} files ${what}: ${processor.toFixed(1)} processor s, ${seconds.toFixed(1)} s passed`,
    );
    return result;
  };
  const lines = some.map((line) => JSON.parse(line)).map((cell) => [cell.address, lineOf(cell)]);
  timed('written, not flushed', () => {
    for (const [address, line] of lines) {
      mkdirSync(at(`files/cells/${address.slice(0, 2)}`), { recursive: true });
      writeFileSync(at(`files/cells/${address.slice(0, 2)}/${address}.json`), line);
    }
  });
  writeFileSync(at('pack/packs/all.jsonl'), lines.map(([, line]) => line).join(''));
  for (const kind of ['files', 'pack']) {
    const { stdout } = spawnSync('du', [
      '-s',
      '--block-size=1024',
      at(`${kind}/${kind === 'files' ? 'cells' : 'packs'}`),
    ]);
    console.log(`${kind}: ${String(stdout).split('\t')[0]} KiB on disk`);
    measure(`status of ${files} cells, ${kind}`, [command, 'study', 'status', kind, '--json']);
  }
  const paths = timed('listed', () =>
    readdirSync(at('files/cells'), { recursive: true }).filter((name) => name.endsWith('.json')),
  );
  timed('looked at', () => {
    for (const name of paths) statSync(at(`files/cells/${name}`));
  });
  timed('removed', () => rmSync(at('files/cells'), { recursive: true }));
  console.log('\n| step | s | processor s | MiB |\n| --- | ---: | ---: | ---: |');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
