import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GPU_SUBJECTS, SUBJECTS } from './subjects.mjs';

export const USAGE = `Usage: npm run bench -- --model FILE.gguf [options]

  --model FILE      GGUF file for all subjects
  --threads N       threads per subject (default: 2)
  --quick           fewer rounds and repeats
  --gpu             run on the GPU instead of the CPU
  --subjects A,B    run only these subjects: ${[...SUBJECTS, ...GPU_SUBJECTS].map(({ id }) => id).join(', ')}
  --json FILE       also write settings and figures as JSON
  --help            show this help`;

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
  return {
    help: /** @type {const} */ (false),
    model: modelPath(resolve(directory, values.model)),
    threads: positiveInteger('--threads', values.threads),
    quick: values.quick,
    subjects: chosenSubjects(values.subjects, values.gpu),
    json: values.json === undefined ? undefined : resolve(directory, values.json),
  };
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        model: { type: 'string' },
        threads: { type: 'string', default: '2' },
        quick: { type: 'boolean', default: false },
        gpu: { type: 'boolean', default: false },
        subjects: { type: 'string' },
        json: { type: 'string' },
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
  const all = [...SUBJECTS, ...GPU_SUBJECTS];
  const wanted = list.split(',');
  const unknown = wanted.filter((id) => !all.some((subject) => subject.id === id));
  if (unknown.length > 0)
    throw new UsageError(`--subjects: unknown subjects: ${unknown.map((id) => `"${id}"`).join(', ')}`);
  return all.filter(({ id }) => wanted.includes(id));
}
