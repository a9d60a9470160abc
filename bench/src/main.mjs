import { writeFileSync } from 'node:fs';
import { describeMachine, describeModel, isHoldfastBuilt } from './environment.mjs';
import { metricsOf } from './metrics.mjs';
import { parseOptions, USAGE, UsageError } from './options.mjs';
import { makeReport } from './report.mjs';
import { runRounds } from './rounds.mjs';
import { RATIOS } from './subjects.mjs';
import { formatMarkdown, formatText } from './table.mjs';
import { PACES } from './workload.mjs';

try {
  // npm runs scripts in the package's folder; INIT_CWD is the folder in which the command was typed.
  await main(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof UsageError ? `${message}\n\n${USAGE}` : message);
  process.exitCode = 1;
}

/**
 * @param {readonly string[]} args
 * @param {string} directory
 */
async function main(args, directory) {
  const options = parseOptions(args, directory);
  if (options.help) return console.log(USAGE);
  const { models, subjects, json, markdown } = options;
  if (subjects.some(({ isPeer }) => !isPeer) && !isHoldfastBuilt()) {
    throw new Error('Holdfast is not built: run `npm run build` in the root of the repository first');
  }

  const records = [];
  const sections = [];
  for (const model of models) {
    const record = await benchmark(model, options);
    const heading = headingOf(record);
    console.log(`${heading}\n\n${formatText(record)}\n`);
    // Write the files after every model: a run of several takes hours.
    records.push(record);
    sections.push(`${heading}\n\n${formatMarkdown(record)}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(records, null, 2)}\n`);
    if (markdown !== undefined) writeFileSync(markdown, sections.join('\n'));
  }
}

/**
 * Runs all subjects on one model.
 *
 * @param {string} path
 * @param {Exclude<import('./options.mjs').Options, { help: true }>} options
 */
async function benchmark(path, { threads, subjects, workloads, inTurns, quick }) {
  const { rounds, ...pace } = PACES[inTurns ? 'turns' : 'apart'][quick ? 'quick' : 'full'];
  const model = await describeModel(path);
  const results = await runRounds(
    subjects,
    workloads,
    { model: path, threads, rounds, pace, inTurns },
    (line) => console.error(`${model.file}, ${line}`),
  );
  const machine = describeMachine();
  const report = makeReport(subjects, metricsOf(workloads, inTurns), RATIOS, results);
  return { model, machine, threads, inTurns, rounds, pace, workloads, ...report };
}

/** @param {Awaited<ReturnType<typeof benchmark>>} record */
function headingOf({ model, machine, threads, inTurns, rounds }) {
  const how = inTurns ? 'in turns in one process' : 'each in its own processes';
  return `${model.file}, ${count(threads, 'thread')}, ${how}, ${count(rounds, 'round')}; ${machine.cpu}, ${count(machine.cores, 'core')}`;
}

/**
 * @param {number} number
 * @param {string} noun
 */
function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
