import type { SliceAnalysis } from './analysis.js';
import { armWords, samplingWords } from './spec-words.js';
import type { StudyColumns } from './study-columns.js';

/** Returns what was run and how to run it again, as names and values. */
export function provenance(
  { spec, models, versions, devices, now, file, slices, rankings, reportOptions }: StudyColumns,
  analyses: readonly SliceAnalysis[],
): [name: string, value: string][] {
  const dated = now !== null && models.some(({ mayWriteTime }) => mayWriteTime);
  const dialogues = analyses.reduce(
    (sum, { slice }) => sum + slice.arms.reduce((own, arm) => own + arm.dialogues.length, 0),
    0,
  );
  const run = spec.models.map(({ name, executor, precision, trained }): [string, string] => {
    const facts = models.find((model) => model.name === name);
    const shape =
      facts === undefined
        ? ''
        : `, ${facts.layers} layers × ${facts.heads} heads, weights SHA-256 ${facts.hash}`;
    return [
      `model ${name}`,
      `${executor}${precision === null ? '' : `, ${precision}`}${trained === undefined ? '' : `, trained by ${trained.recipe} with seed ${trained.seed}`}${shape}`,
    ];
  });
  const sources = spec.sources.map(({ name, kind, dialogues, rounds }): [string, string] => [
    `source ${name}`,
    `${kind}, ${dialogues} dialogues of ${rounds} rounds`,
  ]);
  const arms = spec.arms.map((arm): [string, string] => [`arm ${arm.name}`, armWords(arm)]);
  return [
    ...run,
    ...sources,
    ...arms,
    ['seeds', spec.seeds.join(', ')],
    ['sampling', `${samplingWords(spec.sampling)}; at most ${spec.maxTokens} tokens an answer`],
    ...(dated ? [['date and time in the prompts', now] satisfies [string, string]] : []),
    ['dialogues in this report', String(dialogues)],
    ...calibrations(rankings, slices),
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ...computedBy(devices),
    ['to run it again', `holdfast study run ${file}${dated ? ` --now ${now}` : ''} --out FOLDER`],
    ['to write this page again', ['holdfast study report FOLDER', ...reportOptions].join(' ')],
  ];
}

/** Says what computed the cells: other devices and libraries give other bits, so other dialogues from the first close choice on. */
function computedBy(devices: StudyColumns['devices']): [name: string, value: string][] {
  const counts = Object.entries(devices);
  if (counts.length === 0) return [];
  return [['cells computed', counts.map(([name, cells]) => `${cells} on ${name}`).join(', ')]];
}

/** Says on which dialogues heads were ranked, and whether any of their prompts was also tested; one line for each source. */
function calibrations(
  ranked: StudyColumns['rankings'],
  slices: StudyColumns['slices'],
): [name: string, value: string][] {
  const tested = new Set(slices.flatMap(({ dialogues }) => dialogues.map(({ system }) => system)));
  return [...new Set(ranked.map(({ source }) => source))].map((name) => {
    const own = ranked.filter(({ source }) => source === name);
    const indices = [...new Set(own.map(({ index }) => index))].sort((a, b) => a - b);
    const prompts = new Set(own.flatMap(({ system }) => system ?? []));
    const shared = [...prompts].filter((prompt) => tested.has(prompt)).length;
    const apart =
      shared === 0 ? 'none of their prompts was tested' : `${shared} of their prompts was tested too`;
    return [
      `calibration of ${name}`,
      `heads were ranked on the dialogues ${indices.join(', ')}; ${prompts.size === 0 ? 'their prompts are not recorded' : apart}`,
    ];
  });
}
