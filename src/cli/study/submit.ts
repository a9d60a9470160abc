import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { HoldfastError } from '../../errors.js';
import { writeWhole } from '../../files/index.js';
import { prepareStudy, type Study, studyMoment } from '../../study/index.js';
import type { Moment } from '../../text/index.js';
import {
  type DerivedFile,
  dateTime,
  type ForceFlag,
  NOW_HELP,
  positiveInteger,
  refuseChanged,
  writeDerived,
} from '../options/index.js';
import { commandName, note, quoted, stdout } from '../terminal/index.js';
import { type JobArray, jobName, readArray, type StudyJob } from './job-array.js';
import { type KubernetesStudy, kubernetesMerge, kubernetesStudy } from './kubernetes.js';
import type { StudyParts } from './parts.js';
import { defaultFolder, readModel } from './run.js';
import { arrayScript, mergeScript, SLURM_JOBS, type SlurmStudy, submitSlurm } from './slurm.js';

interface SubmitFlags extends ForceFlag {
  readonly slurm?: true;
  readonly k8s?: true;
  readonly out?: string;
  readonly array: JobArray;
  readonly cpus: number;
  readonly mem?: string;
  readonly time?: string;
  readonly requeue?: true;
  readonly image: string;
  readonly now?: Moment;
  readonly model?: Readonly<Record<string, string>>;
  readonly dryRun?: true;
}

/** Adds `study submit`: gives a study to a cluster as an array of jobs. */
export function addStudySubmit(study: Command, parts: StudyParts): void {
  study
    .command('submit')
    .description('run a study on a cluster: an array of jobs, one for each shard, and one that joins them')
    .argument('<spec>', 'the study specification, a YAML file')
    .addOption(new Option('--slurm', 'submit it with sbatch').conflicts('k8s'))
    .option('--k8s', 'write the objects for kubectl apply')
    .option(
      '--out <folder>',
      'the results folder, which all nodes share; with --k8s, where to write the objects (default: studies/NAME or k8s/NAME)',
    )
    .addOption(
      new Option('--array <0-LAST%N>', 'tasks, each of which runs a shard, and how many at once')
        .argParser(readArray)
        .default({ tasks: 8, atOnce: null }, '0-7'),
    )
    .option('--cpus <n>', 'processor cores of a task', positiveInteger, 1)
    .option('--mem <size>', 'memory of a task, as 4G (Slurm) or 4Gi (Kubernetes)', word)
    .addOption(
      new Option('--time <limit>', 'time limit of a task, as 4:00:00').argParser(word).conflicts('k8s'),
    )
    .addOption(
      new Option('--requeue', 'start a task again that was preempted, killed or out of time').conflicts(
        'k8s',
      ),
    )
    .addOption(
      new Option('--image <name>', 'the container image')
        .argParser(word)
        .default('holdfast')
        .conflicts('slurm'),
    )
    .option('--now <time>', `${NOW_HELP} (default: that of the specification, or the current one)`, dateTime)
    .option('--model <name=path>', 'path of a model of the study; repeatable', readModel)
    .option('--dry-run', 'show what would be written and submitted')
    .option('--force', 'submit a study again, and replace files that were changed since')
    .action((file: string, flags: SubmitFlags) => submit(file, flags, parts));
}

/** Reads a value that becomes part of a script or of YAML as it is. */
function word(text: string): string {
  if (/^[\w:./@-]+$/.test(text)) return text;
  throw new InvalidArgumentError('It must be letters, digits and any of _ : . / @ -');
}

async function submit(file: string, flags: SubmitFlags, { openStudy }: StudyParts): Promise<void> {
  if (flags.slurm !== true && flags.k8s !== true) {
    throw new HoldfastError('E_USAGE', 'no cluster is named', { hint: 'Give --slurm or --k8s' });
  }
  const study = await openStudy(file, flags.model ?? {}, false);
  for (const notice of study.notices) note(notice);
  if (flags.slurm === true) await toSlurm(study, file, flags);
  else await toKubernetes(study, flags);
}

/** Returns the option of `study run` for each model that was given. */
const modelWords = ({ model = {} }: SubmitFlags): string[] =>
  Object.entries(model).flatMap(([name, path]) => ['--model', `${name}=${path}`]);

const jobOf = ({ spec }: Study, { array, cpus, mem }: SubmitFlags): StudyJob => ({
  ...{ name: spec.name, array, cpus },
  mem: mem ?? null,
});

async function toSlurm(study: Study, file: string, flags: SubmitFlags): Promise<void> {
  const { time = null, requeue = false } = flags;
  const out = resolve(flags.out ?? defaultFolder(study.spec.name, null));
  for (const path of [out, process.cwd()]) checkSlurmPath(path);
  const job: SlurmStudy = {
    ...jobOf(study, flags),
    holdfast: [process.execPath, resolve(process.argv[1]!)],
    cwd: process.cwd(),
    ...{ out, time, requeue },
    run: [file, '--out', out, ...modelWords(flags)],
  };
  const scripts = { 'array.sh': arrayScript(job), 'merge.sh': mergeScript(job) };
  if (flags.dryRun === true) {
    showFiles(scripts);
    return;
  }
  const folder = join(out, 'jobs');
  refuseAgain(join(folder, SLURM_JOBS), flags);
  await refuseChanged(folder, Object.keys(scripts), flags);
  // All tasks find the study's moment and its analysis plan there.
  await prepareStudy(study, { folder: out, now: flags.now, models: flags.model ?? {} });
  const [array, merge] = await writeDerived(folder, filesOf(scripts), flags);
  const jobs = submitSlurm(array!, merge!);
  await writeWhole(join(folder, SLURM_JOBS), [Buffer.from(`${JSON.stringify(jobs)}\n`)]);
  const holdfast = commandName(process.argv[1]!, process.cwd());
  stdout.lines([
    `Slurm job ${jobs.array}: ${job.array.tasks} shards; job ${jobs.merge} joins them and writes the report`,
    `To follow it: ${holdfast} study status ${quoted(out)}`,
    `To cancel it: scancel ${jobs.array} ${jobs.merge}`,
  ]);
}

/** Refuses to submit a study twice: its tasks may still run, and their ids would be lost. */
function refuseAgain(jobs: string, { force }: ForceFlag): void {
  if (force === true || !existsSync(jobs)) return;
  throw new HoldfastError('E_UNWRITABLE', 'the study has been submitted', {
    file: jobs,
    hint: 'Follow it with holdfast study status, or submit it again with --force',
  });
}

/** Slurm replaces `%a` in paths of logs, and its directives have no way to write a quote. */
function checkSlurmPath(path: string): void {
  if (!/["%\\\n]/.test(path)) return;
  throw new HoldfastError('E_USAGE', 'a Slurm script cannot name this path', {
    file: path,
    hint: 'Choose a folder without quotes, backslashes and % in its path',
  });
}

async function toKubernetes(study: Study, flags: SubmitFlags): Promise<void> {
  const now = studyMoment(study, null, { now: flags.now, shard: null });
  const job: KubernetesStudy = {
    ...jobOf(study, flags),
    image: flags.image,
    text: study.text,
    run: ['--now', now, ...modelWords(flags)],
  };
  const objects = { 'study.yaml': kubernetesStudy(job), 'merge.yaml': kubernetesMerge(job) };
  if (flags.dryRun === true) {
    showFiles(objects);
    return;
  }
  const folder = flags.out ?? join('k8s', jobName(study.spec.name));
  const [run, merge] = await writeDerived(folder, filesOf(objects), flags);
  stdout.lines([
    `To run its ${job.array.tasks} shards: kubectl apply -f ${quoted(run!)}`,
    `When they have ended: kubectl apply -f ${quoted(merge!)}`,
  ]);
}

const filesOf = (texts: Readonly<Record<string, string>>): DerivedFile[] =>
  Object.entries(texts).map(([path, text]) => ({ path, text }));

function showFiles(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    stdout.lines([`# ${name}`, ...text.split('\n')]);
  }
}
