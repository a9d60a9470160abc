// Measures what each bundled prompt scores by chance: computes the chance cells of scripts/chance.yaml, without its
// dialogues, and writes them as a table.
//
//     npm run build
//     node scripts/chance.mjs --out FOLDER NAME=PATH ...      # resumes if it was interrupted
//     node scripts/chance.mjs --out FOLDER --table > experiments/material-more/chance.md
//
// A run uses one thread and appends each cell to FOLDER/NAME.jsonl. PATH may be `organism`, the embedded model.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadMaterial, ruleGroup } from '../dist/material/index.js';
import { CELLS, openStudy } from '../dist/study/index.js';

const SET = 'bundled-208';
const { values, positionals } = parseArgs({
  options: { out: { type: 'string' }, table: { type: 'boolean' }, batch: { type: 'string', default: '8' } },
  allowPositionals: true,
});
const out = values.out ?? 'chance';

const recordsIn = (file) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    : [];

async function run(name, path) {
  const study = await openStudy('scripts/chance.yaml', { organism: path }, {});
  const file = join(out, `${name}.jsonl`);
  mkdirSync(out, { recursive: true });
  const done = new Set(recordsIn(file).map(({ address }) => address));
  const cells = [...study.cellsAt(study.spec.now).expand([])];
  const queue = cells.filter(({ kind, address }) => kind === 'chance' && !done.has(address));
  const { open } = await import(CELLS.href);
  const opened = await open({ threads: 1 });
  let computed = done.size;
  const work = async () => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
      const { record } = await opened.run(cell);
      appendFileSync(file, `${JSON.stringify({ address: cell.address, ...record })}\n`);
      computed++;
      if (computed % 8 === 0) console.error(`${name}: ${computed} cells`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.batch) }, work));
  await opened.close();
}

const mean = (scores) => scores.reduce((sum, score) => sum + score, 0) / scores.length;
const figure = (scores) => (scores.length === 0 ? '–' : mean(scores).toFixed(2).replace(/^0/, ''));

/** Writes a table with a row for each prompt. */
function table() {
  const models = readdirSync(out)
    .filter((file) => file.endsWith('.jsonl'))
    .sort()
    .map((file) => ({ name: basename(file, '.jsonl'), records: recordsIn(join(out, file)) }));
  const answersOf = ({ records }, id) =>
    records.filter(({ scenario }) => scenario === id).flatMap(({ answers }) => answers);
  console.log(
    [
      `# What the prompts of \`${SET}\` score by chance`,
      '',
      'Mean scores of answers that know nothing of the prompt: its probes, each as the first message of a dialogue, without a system',
      'message (_none_) and under an unrelated prompt ([chance](../../docs/guide/study-spec.md#chance)); n counts the answers of both. Temperature 1,',
      'top-p 0.9, at most 64 tokens. With n = 6, a score of 0 or 1 leaves room for a chance of up to .46 or down to .54 (95 %, Clopper and Pearson',
      '1934, for scores of 0 and 1 whose answers are independent). The embedded model `organism` speaks a small language of its own: its column',
      'says what short answers that are off the topic score. Written by `scripts/chance.mjs`.',
      '',
    ].join('\n'),
  );
  const head = ['prompt', 'rule', ...models.flatMap(({ name }) => [`${name}: none`, 'unrelated', 'n'])];
  console.log(`| ${head.join(' | ')} |\n|${head.map((_, at) => (at < 2 ? ' --- ' : ' ---: ')).join('|')}|`);
  const { prompts } = loadMaterial(SET);
  for (const { id, judge } of prompts) {
    const all = models.map((model) => answersOf(model, id));
    const columns = all.flatMap((answers) => {
      const under = (what) => answers.filter((answer) => answer.under === what).map(({ score }) => score);
      return [figure(under('none')), figure(under('unrelated')), String(answers.length)];
    });
    console.log(`| \`${id}\` | ${[ruleGroup(judge), ...columns].join(' | ')} |`);
  }
  for (const model of models) {
    const scores = prompts.map(({ id }) => answersOf(model, id).map(({ score }) => score));
    const means = scores.filter(({ length }) => length > 0).map(mean);
    if (means.length === 0) continue;
    const high = means.filter((score) => score > 0.5).length;
    console.log(
      `\n${model.name}: ${means.length} of ${scores.length} prompts measured; mean chance ${figure(means)}; ${high} prompts above .5.`,
    );
  }
}

if (values.table) table();
else {
  for (const argument of positionals) {
    const at = argument.indexOf('=');
    await run(argument.slice(0, at), argument.slice(at + 1));
  }
}
