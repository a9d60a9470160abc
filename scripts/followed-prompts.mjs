// Lists the system prompts that the untouched model follows in a study, more than by chance: a pilot chooses the prompts of a
// replication with it.
//
//     npm run build
//     node scripts/followed-prompts.mjs STUDY_FOLDER [--least 0.5]
//
// A prompt is followed if the mean score of its probes minus that of the same probes by chance is at least `--least`. Writes the
// ids as the key `prompts` of a source, in the order of the dialogues, and the counts by group.
import { parseArgs } from 'node:util';
import { readStudyResult } from '../dist/findings/index.js';

const { values, positionals } = parseArgs({
  options: { least: { type: 'string', default: '0.5' } },
  allowPositionals: true,
});
const [folder] = positionals;
const least = Number(values.least);
if (folder === undefined || !(least > 0 && least <= 1)) {
  console.error('usage: node scripts/followed-prompts.mjs STUDY_FOLDER [--least NUMBER from 0 to 1]');
  process.exit(2);
}

const mean = (scores) => scores.reduce((sum, score) => sum + score, 0) / scores.length;
const { records, spec } = await readStudyResult(folder);
const [off] = spec.arms;
/** Scores by scenario, of one kind of record. */
const scoresOf = (kind, probesOf) => {
  const scores = new Map();
  for (const record of records.filter((each) => each.kind === kind && each.arm === off.name)) {
    const own = probesOf(record).map(({ score }) => score);
    scores.set(record.scenario, [...(scores.get(record.scenario) ?? []), ...own]);
  }
  return scores;
};
const asked = scoresOf('dialogue', ({ rounds }) => rounds.flatMap(({ probes }) => probes));
const chance = scoresOf('chance', ({ answers }) => answers);
const groups = new Map(
  records.filter(({ kind }) => kind === 'dialogue').map(({ scenario, group }) => [scenario, group]),
);

const gains = [...asked].map(([id, scores]) => ({ id, gain: mean(scores) - mean(chance.get(id) ?? [0]) }));
const followed = gains.filter(({ gain }) => gain >= least).map(({ id }) => id);
console.log(
  `# ${followed.length} of ${gains.length} prompts, followed by at least ${least} more than by chance`,
);
for (const group of [...new Set(groups.values())].sort()) {
  const ids = [...asked.keys()].filter((id) => groups.get(id) === group);
  console.log(`#   ${group}: ${ids.filter((id) => followed.includes(id)).length} of ${ids.length}`);
}
console.log(`prompts: [${followed.join(', ')}]`);
