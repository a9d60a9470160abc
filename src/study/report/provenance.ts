import type { SliceAnalysis } from './analysis.js';
import type { StudyResult } from './study-result.js';

/** What was run, on what and how it is run again: names and values. */
export function provenance(
  { spec, models, versions, file, folder }: StudyResult,
  analyses: readonly SliceAnalysis[],
): [name: string, value: string][] {
  const dialogues = analyses.reduce(
    (sum, { slice }) => sum + slice.arms.reduce((own, arm) => own + arm.dialogues.length, 0),
    0,
  );
  const run = spec.models.map(({ name, executor, precision }): [string, string] => {
    const facts = models.find((model) => model.name === name);
    const shape =
      facts === undefined
        ? ''
        : `, ${facts.layers} layers × ${facts.heads} heads, weights SHA-256 ${facts.hash}`;
    return [`model ${name}`, `${executor}${precision === null ? '' : `, ${precision}`}${shape}`];
  });
  const sources = spec.sources.map(({ name, kind, dialogues: scenarios, rounds }): [string, string] => [
    `source ${name}`,
    `${kind}, ${scenarios} scenarios of ${rounds} rounds`,
  ]);
  const arms = spec.arms.map(({ name, ...settings }): [string, string] => [
    `arm ${name}`,
    settingsText(settings),
  ]);
  return [
    ...run,
    ...sources,
    ...arms,
    ['seeds', spec.seeds.join(', ')],
    ['sampling', `${settingsText(spec.sampling)}; at most ${spec.maxTokens} tokens an answer`],
    ['dialogues in this report', String(dialogues)],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ['to run it again', `holdfast study run ${file} --out ${folder}`],
    ['to write this page again', `holdfast study report ${folder}`],
  ];
}

/** `policy split-softmax, target {"kind":"prefix"}`; what is null is not there. */
function settingsText(settings: object): string {
  return Object.entries(settings)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name} ${plainText(value)}`)
    .join(', ');
}

/** `constant (strength 0.7)` for an object with a kind, the value itself for one that is none. */
function plainText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(plainText).join(', ')}]`;
  const { kind, ...rest }: { kind?: unknown; [name: string]: unknown } = { ...value };
  const inner = Object.entries(rest)
    .filter(([, own]) => own !== null)
    .map(([name, own]) => `${name} ${plainText(own)}`)
    .join(', ');
  if (kind === undefined) return `(${inner})`;
  return inner === '' ? String(kind) : `${String(kind)} (${inner})`;
}
