/** The study command with stub cells, see stub-main.mjs. Specifications are JSON: `{ name, dialogues, arms: { NAME: CONTENT }, costs, measured, ranked, chance, dated, analysis }`. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { addStudyRuns } from '../../dist/cli/study/runs.js';
import { explain } from '../../dist/cli/terminal/failure.js';

const MODEL = { name: 'stub', path: 'nowhere', executor: 'reference', precision: 'f32' };

function openStudy(file, models, calibrates) {
  const text = readFileSync(file, 'utf8');
  const {
    name,
    dialogues,
    arms,
    costs = 0,
    measured = 0,
    ranked = 0,
    chance = 0,
    dated = false,
    analysis = {},
  } = JSON.parse(text);
  const source = { name: 'talk', kind: 'organism', dialogues, first: 0, rounds: 2 };
  const cellAt = (now, kind, arm, content, index, measure = null) => ({
    address: createHash('sha256')
      .update(JSON.stringify({ kind, content, index, measure, ...(dated ? { now } : {}) }))
      .digest('hex'),
    kind,
    labels: { model: 'stub', executor: 'reference', precision: 'f32', source: 'talk', arm, seed: 1, index },
    model: MODEL,
    source,
    arm: { name: arm, settings: { policy: 'off' }, repeatEvery: null, noSystem: false },
    measure,
    now,
    settings: { sampling: {}, maxTokens: 8, probeRounds: [1, 2], costs: {} },
  });
  const each = (count, make) => Array.from({ length: count }, (_, index) => make(index)).flat();
  const named = Object.entries(arms);
  return {
    spec: {
      ...{ name, question: null, now: null, models: [MODEL], sources: [source], seeds: [1] },
      arms: named.map(([arm]) => ({ name: arm })),
      ...{ primary: null, early: [1, 1], late: [2, 2], contrasts: [], margin: null, ...analysis },
    },
    file,
    text,
    notices: [],
    sources: [],
    calibrates,
    versions: { holdfast: 'stub' },
    models: [
      {
        name: 'stub',
        path: models.stub ?? 'nowhere',
        hash: 'f00d',
        layers: 2,
        heads: 3,
        size: { parameters: 1, dialogueBytes: 1024 },
        mayWriteTime: dated,
      },
    ],
    cellsAt(now) {
      const cell = (...what) => cellAt(now, ...what);
      const dialogue = ([arm, content], rankings, index) =>
        cell('dialogue', arm, [content, ...rankings.map(({ heads }) => heads[0][0])], index);
      return {
        rankings: each(ranked, (index) => cell('ranking', 'off', 'off', dialogues + index)),
        // The content of the cells depends on the rankings.
        expand: (rankings) =>
          waited([
            ...each(dialogues, (index) => named.map((arm) => dialogue(arm, rankings, index))),
            ...each(costs, (index) => named.map(([arm, content]) => cell('cost', arm, content, index, 'kl'))),
            ...each(chance, (index) => cell('chance', 'off', 'off', index)),
            // On the dialogues of the first arm.
            ...each(measured, (index) =>
              named.map(([arm, content]) => ({
                ...cell('influence', arm, content, index),
                influence: {
                  dialogue: dialogue(named[0], rankings, index).address,
                  references: [{ name: 'none', system: null }],
                  rounds: null,
                },
              })),
            ),
          ]),
      };
    },
  };
}

/** Returns a value; if STUB_PLANNING names a file, it writes the file first and blocks the process until it is removed. */
function waited(value) {
  const { STUB_PLANNING } = process.env;
  if (STUB_PLANNING === undefined) return value;
  writeFileSync(STUB_PLANNING, '');
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (existsSync(STUB_PLANNING)) Atomics.wait(never, 0, 0, 20);
  return value;
}

/** Runs a command line. If STUB_NOW is set, the clock stands at that time. */
export async function run(argv) {
  const RealDate = Date;
  if (process.env.STUB_NOW !== undefined) {
    globalThis.Date = class extends RealDate {
      constructor(...parts) {
        super(...(parts.length === 0 ? [process.env.STUB_NOW] : parts));
      }
    };
  }
  const program = new Command('holdfast').exitOverride();
  const study = program.command('study');
  // What stub cells found is nothing to report.
  study
    .command('report')
    .argument('<folder>')
    .action(() => {});
  addStudyRuns(study, {
    openStudy: async (file, models, calibrates) => openStudy(file, models, calibrates),
    brief: async () => [],
    cells: new URL('./stub-cells.mjs', import.meta.url),
  });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    const { message, exitCode } = explain(error, false);
    if (message !== null) process.stderr.write(`${message}\n`);
    process.exitCode = exitCode;
  } finally {
    globalThis.Date = RealDate;
  }
}
