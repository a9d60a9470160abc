import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { temporaryFolder } from '../cli/holdfast.js';
import { filesIn, makePlace } from './stub-study.js';

const SPEC = { name: 'Tiny study', dialogues: 6, arms: { off: 'o', on: 'n' } };
const schemas = JSON.parse(
  readFileSync(new URL('../fixtures/kubernetes/definitions.json', import.meta.url), 'utf8'),
);

/** Objects and the definitions that they must fit. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  Job: 'io.k8s.api.batch.v1.Job',
  ConfigMap: 'io.k8s.api.core.v1.ConfigMap',
  PersistentVolumeClaim: 'io.k8s.api.core.v1.PersistentVolumeClaim',
};

/** Checks an object against the published schema of Kubernetes. @returns the problems; none if it fits */
function problemsOf(object: { readonly kind: string }): readonly string[] {
  const schema = z.fromJSONSchema({ ...schemas, $ref: `#/$defs/${DEFINITIONS[object.kind]}` });
  const { error } = schema.safeParse(object);
  return error === undefined ? [] : error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const objectsIn = (path: string) =>
  parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());

it('writes objects that fit the schema of Kubernetes, and whose pods run the shards', async () => {
  const place = makePlace();
  const spec = place.spec(SPEC);
  const options = ['--k8s', '--array', '0-2%2', '--mem', '4Gi', '--cpus', '1', '--out', 'k8s'];
  const { code, stdout, stderr } = await place.run(['submit', spec, ...options]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('kubectl apply -f k8s/study.yaml\n');
  const objects = objectsIn(place.at('k8s/study.yaml'));
  const [config, , job] = objects;
  const [merge] = objectsIn(place.at('k8s/merge.yaml'));
  expect(objects.map(({ kind }) => kind)).toEqual(['ConfigMap', 'PersistentVolumeClaim', 'Job']);
  for (const object of [...objects, merge]) expect(problemsOf(object), object.kind).toEqual([]);
  expect(config.data['study.yaml']).toBe(readFileSync(spec, 'utf8'));
  expect(job.spec).toMatchObject({ completionMode: 'Indexed', completions: 3, parallelism: 2 });

  const { containers, securityContext } = job.spec.template.spec;
  const [container] = containers;
  // The image of the serve guide starts the server if no command is given, and runs as the user 1000.
  expect(container.command).toEqual(['holdfast']);
  expect(securityContext).toEqual({ fsGroup: 1000 });
  const here = (args: readonly string[]): string[] =>
    args.slice(1).map((word) => word.replace('/study/study.yaml', spec).replace('/data', place.folder));
  for (const index of [0, 1, 2]) {
    const ended = await place.run(here(container.args), { JOB_COMPLETION_INDEX: String(index) });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
  }
  const { initContainers, containers: last } = merge.spec.template.spec;
  const [joining, reporting] = [...initContainers, ...last].map(({ command, args }) => [...command, ...args]);
  const joined = await place.run(here(joining!.slice(1)));
  expect(joined.stdout).toContain('12 of 12 cells, 0 failed');
  expect(reporting).toEqual(['holdfast', 'study', 'report', '/data/studies/tiny-study']);
});

it('replaces objects that it wrote, but none that was changed, unless it is told to', async () => {
  const place = makePlace();
  const submit = (...options: readonly string[]) =>
    place.run(['submit', place.spec(SPEC), '--k8s', '--out', 'k8s', ...options]);
  const objects = () => readFileSync(place.at('k8s/study.yaml'), 'utf8');
  expect(await submit('--array', '0-1')).toMatchObject({ code: 0 });
  expect(await submit('--array', '0-2')).toMatchObject({ code: 0 });
  expect(objects()).toContain('completions: 3');
  appendFileSync(place.at('k8s/study.yaml'), '# mine\n');
  const { code, stderr } = await submit();
  expect(code).toBe(1);
  expect(stderr).toMatch(/E_UNWRITABLE: the file was changed since .*study\.yaml\)\. .*--force/);
  expect(objects()).toMatch(/# mine\n$/);
  expect(await submit('--force')).toMatchObject({ code: 0 });
  expect(objects()).not.toContain('# mine');
});

it('submits a study to Slurm once, and again if it is told to', async () => {
  const place = makePlace();
  const commands = temporaryFolder();
  writeFileSync(join(commands, 'sbatch'), '#!/bin/sh\necho 7\n', { mode: 0o755 });
  writeFileSync(join(commands, 'squeue'), '#!/bin/sh\necho RUNNING\n', { mode: 0o755 });
  const env = { PATH: `${commands}:${process.env.PATH}` };
  const submit = (...options: readonly string[]) =>
    place.run(['submit', place.spec(SPEC), '--slurm', '--out', 'out', ...options], env);
  expect((await submit()).stdout).toMatch(/^Slurm job 7: 8 shards/);
  const again = await submit('--array', '0-1');
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/E_UNWRITABLE: the study has been submitted .*study status.*--force/);
  expect(readFileSync(place.at('out/jobs/array.sh'), 'utf8')).toContain('--array=0-7');
  appendFileSync(place.at('out/jobs/array.sh'), '# mine\n');
  expect((await submit('--force')).stdout).toMatch(/^Slurm job 7/);
  expect(readFileSync(place.at('out/jobs/array.sh'), 'utf8')).not.toContain('# mine');

  expect((await place.run(['status', 'out'], env)).stdout).toContain('Slurm jobs 7 and 7: 1 running');
  for (const text of ['{"array": 7', '{"array": "7"}', '']) {
    writeFileSync(place.at('out/jobs/slurm.json'), text);
    const { code, stderr } = await place.run(['status', 'out'], env);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^error: E_UNREADABLE: it does not have the ids of two Slurm jobs \(.*slurm\.json\)\. .+\n$/,
      ),
    ]);
  }
});

it('the check against the schema finds unknown fields and wrong types', () => {
  const withSpec = (spec: object) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    spec: { template: {}, ...spec },
  });
  expect(problemsOf(withSpec({ completions: 3 }))).toEqual([]);
  expect(problemsOf(withSpec({ completionModes: 'Indexed' })).join()).toMatch(/completionModes/);
  expect(problemsOf(withSpec({ completions: 'three' }))).toHaveLength(1);
});

it('--dry-run shows the scripts for Slurm and writes nothing', async () => {
  const place = makePlace();
  const options = ['--slurm', '--array', '0-31%8', '--time', '4:00:00', '--mem', '4G', '--requeue'];
  const { code, stdout, stderr } = await place.run(['submit', place.spec(SPEC), ...options, '--dry-run']);
  expect(code, stderr).toBe(0);
  for (const line of [
    '#SBATCH --job-name=tiny-study',
    '#SBATCH --array=0-31%8',
    '#SBATCH --time=4:00:00',
    '#SBATCH --mem=4G',
    '#SBATCH --requeue',
    '#SBATCH --signal=B:USR1@60',
  ]) {
    expect(stdout).toContain(`\n${line}\n`);
  }
  expect(stdout).toMatch(/study run .* --jobs 1 --shards 32 &\n/);
  expect(stdout).toMatch(/study merge .*studies\/Tiny study' --out /);
  expect(filesIn(place.folder)).toEqual(['Tiny study.json']);
});

it.each([
  [[], /E_USAGE: no cluster is named. Give --slurm or --k8s/],
  [['--slurm', '--k8s'], /cannot be used with option '--k8s'/],
  [['--k8s', '--time', '1:00'], /cannot be used with option '--k8s'/],
  [['--slurm', '--array', '1-4'], /0-LAST or 0-LAST%N/],
  [['--slurm', '--mem', '4G\n#SBATCH --uid=0'], /must be letters, digits/],
  [['--slurm', '--out', 'a"b'], /E_USAGE: a Slurm script cannot name this path/],
])('%j is refused', async (options, message) => {
  const place = makePlace();
  const { code, stderr } = await place.run(['submit', place.spec(SPEC), ...options]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

it('without Slurm it says so', async () => {
  const place = makePlace();
  const { code, stderr } = await place.run(['submit', place.spec(SPEC), '--slurm'], { PATH: '/nowhere' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/E_NOT_FOUND: sbatch cannot be run: .*--dry-run/);
});
