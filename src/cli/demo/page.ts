import type { PairedSummary, TrialArmCourse } from '../../organism/index.js';
import {
  type Figure,
  figureSvg,
  html,
  htmlTable,
  type Markup,
  page,
  pageFigure,
} from '../../report/index.js';
import { shareText } from '../shares/index.js';
import { type DialogueRound, type DialogueSide, isLost } from './dialogue.js';
import { highestShare, lostLine } from './view.js';
import { findings, stabilityTable, tableNote } from './words.js';

/** The results of a demo. */
export interface DemoResult {
  readonly about: readonly string[];
  readonly system: string;
  readonly dialogue: readonly DialogueRound[];
  readonly summary: PairedSummary;
  /** How the results were made, as names and values. */
  readonly record: Readonly<Record<string, string>>;
  /** One line under the figure. */
  readonly source: string;
}

/** Returns the figure of stability and share over the rounds. */
export function demoFigure({ summary, source }: Pick<DemoResult, 'summary' | 'source'>): Figure {
  const { off, held } = summary.courses;
  const series = (kind: keyof TrialArmCourse) => [
    { name: 'off', points: off[kind] },
    { name: 'held', points: held[kind] },
  ];
  return {
    title: "Stability and the prompt's share, round by round",
    subtitle: `${summary.dialogues} dialogues; bands are 95 % intervals from a bootstrap over dialogues`,
    x: 'round of the dialogue',
    panels: [
      {
        title: 'Stability: fraction of probes whose answer follows the system prompt',
        domain: [0, 1],
        height: 210,
        series: series('stability'),
      },
      {
        title: "The prompt's share of attention, mean over the heads that see furthest",
        domain: [0, highestShare(summary)],
        height: 150,
        series: series('share'),
      },
    ],
    source,
  };
}

const STYLE = `
.prompt { border-left: 3px solid var(--ink); padding: .2rem 0 .2rem 1rem; margin: 1rem 0; font-size: 1.05rem; }
.round { border-top: 1px solid var(--line); padding: 1rem 0 1.1rem; }
.round > h3 { font-size: 1rem; margin: 0 0 .7rem; font-weight: 600; }
.round > h3 span { color: var(--soft); font-weight: 400; margin-right: .5rem; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .9rem; }
@media (max-width: 44rem) { .sides { grid-template-columns: 1fr; } }
.side { background: var(--card); border-radius: 8px; padding: .7rem .9rem .75rem; border: 1px solid transparent; min-width: 0; }
.side.lost { background: var(--bad-card); border-color: var(--bad); }
.side header { display: flex; justify-content: space-between; gap: 1rem; font-size: .82rem; color: var(--soft);
  font-variant-numeric: tabular-nums; }
.side header b { font-weight: 600; }
.off b { color: var(--off); } .held b { color: var(--held); }
.side p { margin: .35rem 0 .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.side ul { list-style: none; margin: 0; padding: 0; font-size: .86rem; }
.kept { color: var(--good); } .gone { color: var(--bad); font-weight: 600; }
.gone small { display: block; font-weight: 400; font-size: 1em; padding-left: 1.1rem; overflow-wrap: anywhere; }
`;

/** Returns the demo's HTML page. */
export async function demoPage(result: DemoResult): Promise<string> {
  const { about, system, dialogue, summary, record } = result;
  const figure = await pageFigure((look) => figureSvg(demoFigure(result), look), 'demo');
  const body = html`<h1>How long does the system prompt hold?</h1>
${about.map((line) => html`<p>${line}</p>\n`)}
<h2>Results of ${summary.dialogues} dialogues</h2>
${findings(summary).map((line) => html`<p>${line}</p>\n`)}
<figure>${figure}</figure>
<div class="wide">${htmlTable(stabilityTable(summary))}</div>
<p class="soft">${tableNote(summary)}</p>
<h2>One dialogue, answered off and held</h2>
<p class="prompt">${system}</p>
<p>${lostLine(dialogue)} <span class="soft">After each round, a question on a branch also tests every instruction. The dialogue never
sees it. It is shown if it reveals a loss that the answer does not.</span></p>
${dialogue.map(roundMarkup)}
<h2>How it was made</h2>
<dl>
${Object.entries(record).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>`;
  return page({ title: 'Holdfast demo', style: STYLE, body });
}

function roundMarkup({ number, user, off, held }: DialogueRound): Markup {
  return html`<section class="round"><h3><span>${number}</span>${user}</h3>
<div class="sides">${sideMarkup('off', off)}${sideMarkup('held', held)}</div></section>
`;
}

function sideMarkup(name: 'off' | 'held', side: DialogueSide): Markup {
  return html`<article class="side ${name}${isLost(side) ? ' lost' : ''}">
<header><b>${name}</b><span>prompt ${shareText(side.share)}</span></header>
<p>${side.answer}</p>
<ul>${side.instructions.map(({ text, kept, probe }) =>
    kept
      ? html`<li class="kept">✓ ${text}</li>`
      : html`<li class="gone">✗ lost: ${text}${
          probe === null ? '' : html`<small>asked “${probe.question}”: “${probe.answer}”</small>`
        }</li>`,
  )}</ul>
</article>
`;
}
