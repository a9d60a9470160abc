import {
  type DataTable,
  embeddedJson,
  html,
  htmlTable,
  type Markup,
  page,
  pageFigure,
  readableTable,
  specSvg,
} from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { type BrowserSlice, browserSlice } from './browser-data.js';
import { BROWSER_SCRIPT } from './browser-script.js';
import { comparisonFindings } from './comparison-words.js';
import { coverageWords, planWords, sampleWords } from './gaps.js';
import { influenceFindings } from './influence-words.js';
import { TOLERATED_FALL } from './judgement.js';
import { PAGE_STYLE } from './page-style.js';
import { checkPlan, planCheckWords, planStanding } from './plan-check.js';
import { provenance } from './provenance.js';
import type { ReportedSlice } from './reported-slice.js';
import { sliceName } from './slice-labels.js';
import type { StudyColumns } from './study-columns.js';
import { INTERVALS } from './tables.js';
import { findings, headline } from './words.js';

/** Long tables, collapsed until the reader opens them. */
const FOLDED = [
  'groups',
  'chance',
  'kept',
  'kl-rounds',
  'equal-kl',
  'correlations',
  'influence-rounds',
  'influence-total-rounds',
  'rounds',
  'attention',
  'heads',
];

/**
 * Returns the report as one HTML page.
 * @param overModels tables over all slices
 * @param most the largest number of dialogues of each slice in the page
 */
export async function reportPage(
  study: StudyColumns,
  slices: readonly ReportedSlice[],
  overModels: readonly DataTable[],
  most: number,
): Promise<string> {
  const { spec } = study;
  const sections: Markup[] = [];
  for (const slice of slices) sections.push(await sliceMarkup(study, slice));
  const plan = checkPlan(study);
  const body = html`<h1>${spec.name}</h1>
${spec.question === null ? '' : html`<p class="question">${spec.question}</p>`}
${slices.map(({ analysis }) => html`<p class="headline">${slices.length > 1 ? html`<b>${sliceName(analysis.slice.labels)}.</b> ` : ''}${headline(analysis, spec)}</p>\n`)}
<p class="soft"><a href="#run">${planStanding(plan)}.</a></p>
${planWords(study).map((line) => html`<p>${line}</p>\n`)}${contents(slices)}
${sections}${overModels.map((table) => html`<h2>${table.title}</h2>${tableBody(table)}`)}${slices.length === 0 ? html`<p>No dialogue of this study is finished: there is nothing to report yet.</p>` : ''}
${
  slices.length === 0
    ? ''
    : await browserMarkup(
        study,
        slices.map(({ analysis }) => analysis),
        most,
      )
}
<h2 id="run">What was run</h2>
<p class="plan">${planCheckWords(plan)}</p>
<dl>
${provenance(
  study,
  slices.map(({ analysis }) => analysis),
).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
<details><summary>The specification as written</summary><pre>${study.text}</pre></details>
${readingMarkup()}`;
  return page({
    title: `${spec.name}: a study`,
    style: PAGE_STYLE,
    body,
    script: slices.length === 0 ? null : BROWSER_SCRIPT,
  });
}

const anchorOf = ({ name }: ReportedSlice): string => `slice-${name}`;

function contents(slices: readonly ReportedSlice[]): Markup {
  return html`<nav aria-label="Contents"><ul>
${slices.map((slice) => html`<li><a href="#${anchorOf(slice)}">${sliceName(slice.analysis.slice.labels)}</a></li>\n`)}${slices.length === 0 ? '' : html`<li><a href="#browse">Dialogues to read</a></li>`}
<li><a href="#run">What was run</a></li>
<li><a href="#reading">How to read this page</a></li>
</ul></nav>`;
}

async function sliceMarkup({ spec }: StudyColumns, slice: ReportedSlice): Promise<Markup> {
  const { analysis, figures, tables } = slice;
  const { executor, precision } = analysis.slice.labels;
  const drawn: Markup[] = [];
  for (const { name, caption, spec: specFor } of figures) {
    const figure = await pageFigure((look) => specSvg(specFor(look)), `${slice.name}-${name}`);
    drawn.push(html`<figure id="${anchorOf(slice)}-${name}">${figure}
<figcaption>${caption}</figcaption></figure>
`);
  }
  return html`<h2 id="${anchorOf(slice)}">${sliceName(analysis.slice.labels)}</h2>
${tables.filter(isSummary).map(tableBody)}
${drawn.slice(0, 1)}
<h3>Findings</h3>
<ul class="findings">
${[...findings(analysis, spec), ...comparisonFindings(analysis, spec), ...influenceFindings(analysis, spec), ...coverageWords(analysis.slice)].map((line) => html`<li>${line}</li>\n`)}</ul>
<p class="soft note">${INTERVALS}</p>
<p class="soft">${executor}, ${precision}. ${sampleWords(analysis.slice.sample).join(' ')}</p>
${drawn.slice(1)}
${tables.filter((table) => !isSummary(table)).map(tableMarkup)}
`;
}

const isSummary = ({ name }: DataTable): boolean => name === 'summary';

function tableMarkup(table: DataTable): Markup {
  const body = tableBody(table);
  return FOLDED.includes(table.name)
    ? html`<details><summary>${table.title}</summary>${body}</details>\n`
    : html`<h3>${table.title}</h3>${body}\n`;
}

function tableBody(table: DataTable): Markup {
  const readable = readableTable(table);
  return html`<div class="wide" tabindex="0" role="region" aria-label="${table.title}">${htmlTable(readable)}</div>
<p class="soft note">${readable.note}</p>`;
}

async function browserMarkup(
  study: StudyColumns,
  analyses: readonly SliceAnalysis[],
  most: number,
): Promise<Markup> {
  const slices: BrowserSlice[] = [];
  for (const { slice } of analyses) slices.push(await browserSlice(slice, most, study.recordOf));
  const total = slices.reduce((sum, slice) => sum + slice.total, 0);
  const held = slices.reduce((sum, { dialogues }) => sum + dialogues.length, 0);
  const which =
    held === total
      ? `All ${total} dialogues of the study`
      : `${held} of the study's ${total} dialogues, evenly spaced`;
  const { early, late } = study.spec;
  return html`<h2 id="browse">Dialogues to read</h2>
<p>${which}, under every arm. Each probe is shown below the round after which it was asked, with its answer and its judge's score.
Probes run on a branch that the dialogue never sees. You can check any number above by reading.
<span class="soft">All dialogues are in results.jsonl, in the folder of the study.</span></p>
<div id="dialogues"><p class="soft">This part needs JavaScript; the dialogues are in the file named above.</p></div>
<script type="application/json" id="dialogue-data">${embeddedJson({ early, late, slices })}</script>
`;
}

function readingMarkup(): Markup {
  return html`<h2 id="reading">How to read this page</h2>
<p>Stability is the mean score that judges give to the answers to probes. A probe is a question asked on a branch after a round; its
answer shows whether the model still follows the system prompt. Intervals are 95 % intervals from a bootstrap over prompts, because
the dialogues of one prompt are not independent. Arms are paired: they have the same prompts, users and seeds. The page calls an arm
better or worse only if the interval of its difference excludes zero and the larger p-value of its two tests, corrected (Holm), is at most 0.05. Comparisons
of the primary outcome are corrected among themselves, all others among themselves. What the locked analysis plan does not have is
after the fact: it shows what to test next. Two arms are called equivalent only if the plan has a margin. Otherwise the page says that no effect was seen, and how large one may still be. In the names of arms, k is the
strength of split-softmax: 1 leaves the share alone, smaller is stronger.</p>
<p>Chance is what the same probes score if the untouched model answers them without the prompt: without a system message, and under an
unrelated prompt. Stability above chance is 0 for such a model and 1 for one that always obeys. A model is at the floor if, in the first
probed round, the interval of its stability above chance is not entirely above zero. The untouched arm decides; without one, the first
arm does. At the floor no arm is called better. An arm is broken if its ability, fluency, perplexity or choice is worse than the
untouched arm's by more than a tenth, with a p-value of at most 0.05 after correction. If ability or fluency falls by more than
${100 * TOLERATED_FALL} % from early to late rounds, the model degrades as a whole, and the page says so beside any drift.</p>
`;
}
