import { writeFileSync } from 'node:fs';
import { describeMachine, describeModel, isHoldfastBuilt } from './environment.mjs';
import { metricsOf } from './metrics.mjs';
import { parseOptions, USAGE, UsageError } from './options.mjs';
import { makeReport } from './report.mjs';
import { runRounds } from './rounds.mjs';
import { formatTable } from './table.mjs';
import { WORKLOADS } from './workload.mjs';

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

  const { threads, subjects, json } = options;
  if (subjects.some(({ isPeer }) => !isPeer) && !isHoldfastBuilt()) {
    throw new Error('Holdfast is not built: run `npm run build` in the root of the repository first');
  }
  const { rounds, ...workload } = options.quick ? WORKLOADS.quick : WORKLOADS.full;
  const model = await describeModel(options.model);
  const machine = describeMachine();

  const results = await runRounds(subjects, rounds, { model: options.model, threads, workload }, (line) =>
    console.error(line),
  );
  const report = makeReport(subjects, metricsOf(workload), results);

  console.log(
    `${model.file}, ${threads} threads, ${rounds} rounds; ${machine.cpu}, ${machine.cores} cores\n`,
  );
  console.log(formatTable(report));
  if (json !== undefined) {
    const record = { model, machine, threads, rounds, workload, ...report };
    writeFileSync(json, `${JSON.stringify(record, null, 2)}\n`);
  }
}
