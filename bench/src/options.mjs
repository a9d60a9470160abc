import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GPU_SUBJECTS, SUBJECTS } from './subjects.mjs';
import { WORKLOADS } from './workload.mjs';

export const USAGE = `Usage: npm run bench -- --model FILE.gguf [options]

  --model FILE      GGUF file for all subjects; repeat the option for more models
  --threads N       threads per subject (default: 2)
  --quick           fewer rounds and steps, for a look or a noisy machine
  --turns           run all subjects in one process, in turns of a few tokens, for the cleanest ratios
  --gpu             run on the GPU instead of the CPU
  --subjects A,B    run only these subjects: ${[...SUBJECTS, ...GPU_SUBJECTS].map(({ id }) => id).join(', ')}
  --workloads A,B   run only these workloads: ${Object.keys(WORKLOADS).join(', ')}
  --json FILE       also write settings and figures as JSON
  --markdown FILE   also write the tables as Markdown
  --help            show this help`;

/** @typedef {ReturnType<typeof parseOptions>} Options */

/** An error in the command line. */
export class UsageError extends Error {}

/**
 * Parses the command line.
 *
 * @param {readonly string[]} args
 * @param {string} directory base of relative paths
 */
export function parseOptions(args, directory) {
  const { values } = parse(args);
  if (values.help) return { help: /** @type {const} */ (true) };
  if (values.model === undefined) throw new UsageError('--model is missing: give the path of a GGUF file');
  const pathOf = (/** @type {string | undefined} */ file) =>
    file === undefined ? undefined : resolve(directory, file);
  return {
    help: /** @type {const} */ (false),
    models: values.model.map((file) => modelPath(resolve(directory, file))),
    threads: positiveInteger('--threads', values.threads),
    quick: values.quick,
    inTurns: values.turns,
    subjects: chosenSubjects(values.subjects, values.gpu),
    workloads: chosen('--workloads', values.workloads, Object.values(WORKLOADS)),
    json: pathOf(values.json),
    markdown: pathOf(values.markdown),
  };
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        model: { type: 'string', multiple: true },
        threads: { type: 'string', default: '2' },
        quick: { type: 'boolean', default: false },
        turns: { type: 'boolean', default: false },
        gpu: { type: 'boolean', default: false },
        subjects: { type: 'string' },
        workloads: { type: 'string' },
        json: { type: 'string' },
        markdown: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message);
  }
}

/** @param {string} path */
function modelPath(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new UsageError(`--model: file not found: ${path}`);
  }
  return path;
}

/**
 * @param {string} option
 * @param {string} text
 */
function positiveInteger(option, text) {
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`${option} must be a whole number from 1: "${text}"`);
  return Number(text);
}

/**
 * @param {string | undefined} list
 * @param {boolean} gpu
 */
function chosenSubjects(list, gpu) {
  if (list === undefined) return gpu ? GPU_SUBJECTS : SUBJECTS;
  return chosen('--subjects', list, [...SUBJECTS, ...GPU_SUBJECTS]);
}

/**
 * Returns the items of a table that a list names, or all without a list.
 *
 * @template {{ readonly id: string }} Item
 * @param {string} option
 * @param {string | undefined} list ids, separated by commas
 * @param {readonly Item[]} table
 */
function chosen(option, list, table) {
  if (list === undefined) return table;
  const wanted = list.split(',');
  const unknown = wanted.filter((id) => !table.some((item) => item.id === id));
  if (unknown.length > 0)
    throw new UsageError(`${option}: unknown: ${unknown.map((id) => `"${id}"`).join(', ')}`);
  return table.filter(({ id }) => wanted.includes(id));
}
