import { stringify } from 'yaml';
import { jobName, type StudyJob } from './job-array.js';

/** A study as Kubernetes runs it. */
export interface KubernetesStudy extends StudyJob {
  /** The container image, in which `holdfast` is on the PATH. */
  readonly image: string;
  /** The text of the specification. */
  readonly text: string;
  /** Further arguments of `study run`. */
  readonly run: readonly string[];
}

/** Where the volume is mounted: results, and the cache of models. */
const DATA = '/data';
const SPEC = '/study/study.yaml';

/**
 * Returns the objects that run a study: its specification, a volume, and an indexed job with a shard in each pod. A pod that
 * is evicted or stopped (143) starts again without counting as failed; one whose cells failed (1), or whose command is wrong
 * (2), does not.
 */
export function kubernetesStudy(study: KubernetesStudy): string {
  const { array, cpus } = study;
  const name = jobName(study.name);
  const run = ['study', 'run', SPEC, '--out', outOf(study), '--jobs', String(cpus)];
  return yamlOf([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { 'study.yaml': study.text } },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '20Gi' } } },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name },
      spec: {
        completionMode: 'Indexed',
        completions: array.tasks,
        parallelism: array.atOnce ?? array.tasks,
        backoffLimitPerIndex: 3,
        podFailurePolicy: {
          rules: [
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
            { action: 'Ignore', onExitCodes: { containerName: 'holdfast', operator: 'In', values: [143] } },
            {
              action: 'FailIndex',
              onExitCodes: { containerName: 'holdfast', operator: 'In', values: [1, 2] },
            },
          ],
        },
        template: podOf(study, [...run, ...study.run, '--shards', String(array.tasks)]),
      },
    },
  ]);
}

/**
 * Returns the job that joins the shards and writes the report. Kubernetes has no dependencies: apply it once the first job has
 * ended.
 */
export function kubernetesMerge(study: KubernetesStudy): string {
  const out = outOf(study);
  const steps = [
    ['study', 'merge', out, '--out', out],
    ['study', 'report', out],
  ];
  return yamlOf([
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: `${jobName(study.name)}-merge` },
      spec: { backoffLimit: 1, template: podOf(study, ...steps) },
    },
  ]);
}

const outOf = ({ name }: StudyJob): string => `${DATA}/studies/${jobName(name)}`;

/** The user that the image of `docs/guide/serve.md` runs as: its group must be able to write to the volume. */
const USER = 1000;

/** Returns a pod that runs commands of `holdfast`, given their arguments, one after the other. */
function podOf(study: KubernetesStudy, ...steps: readonly (readonly string[])[]): object {
  const { image, cpus, mem } = study;
  const name = jobName(study.name);
  const requests = { cpu: String(cpus), ...(mem === null ? {} : { memory: mem }) };
  const containers = steps.map((args, at) => ({
    name: at === steps.length - 1 ? 'holdfast' : `step-${at + 1}`,
    image,
    // The image may have another entry point, such as the server.
    command: ['holdfast'],
    args,
    env: [{ name: 'HF_HOME', value: `${DATA}/models` }],
    resources: { requests, ...(mem === null ? {} : { limits: { memory: mem } }) },
    volumeMounts: [
      { name: 'data', mountPath: DATA },
      { name: 'study', mountPath: '/study', readOnly: true },
    ],
  }));
  const before = containers.slice(0, -1);
  return {
    spec: {
      restartPolicy: 'Never',
      securityContext: { fsGroup: USER },
      // Long enough for the passes that are running when a pod is stopped.
      terminationGracePeriodSeconds: 60,
      ...(before.length === 0 ? {} : { initContainers: before }),
      containers: containers.slice(-1),
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: name } },
        { name: 'study', configMap: { name } },
      ],
    },
  };
}

const yamlOf = (objects: readonly object[]): string =>
  objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
