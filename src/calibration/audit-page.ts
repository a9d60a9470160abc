import { pointsOf } from '../findings/index.js';
import { domainFromZero, estimateText, type Figure, html, numberText, verdictOf } from '../report/index.js';
import type { Audit } from './audit.js';
import {
  figuresMarkup,
  lineFigure,
  type PageFile,
  type PromptFacts,
  type PromptFigure,
  promptFiles,
} from './page-parts.js';
import { OUTCOMES } from './words.js';

/** What a page says of an audit besides its results. */
export interface AuditFacts extends PromptFacts {
  /** Tokens that the model's context can have. */
  readonly contextLength: number;
  /** The command that calibrates. */
  readonly next: string;
}

/** Returns the page of an audit and its figures, as files. */
export async function auditFiles(audit: Audit, facts: AuditFacts): Promise<PageFile[]> {
  const figures = [shareFigure(audit, facts), influenceFigure(audit, facts), lastFigure(audit, facts)];
  const [first, ...others] = auditWords(audit, facts);
  const results = html`<p class="headline">${first!}</p>
${others.map((line) => html`<p>${line}</p>\n`)}<p class="soft">${facts.model}, untouched; ${String(audit.dialogues)} dialogues of ${String(audit.rounds)} rounds. The prompt is at the end of this page.</p>
<h2>What to do next</h2>
<p>${
    isFollowed(audit)
      ? 'Find out whether any setting holds this prompt on this model, and what it costs:'
      : 'No setting can hold what a model does not follow. Watch more dialogues, or try another wording or a larger model first. This finds out what a setting costs:'
  }</p>
<pre>${facts.next}</pre>
<h2>Round by round</h2>
${await figuresMarkup(figures)}
<h2>What the words mean</h2>
<p>${OUTCOMES.influence.what}</p>
<p>A share is the part of the model's attention that some tokens get. The prompt is the system message; the sink is the first token,
which draws attention whatever it says, and is no part of the prompt.</p>
${audit.stability === null ? '' : html`<p>${OUTCOMES.stability.what} By chance: what the same questions score if the model never saw the prompt.</p>`}
<p class="soft">Bands and brackets are 95 % intervals over dialogues. They hold for this prompt and these users, not for others.</p>`;
  return promptFiles('How long does this prompt last?', results, figures, facts);
}

const rounds = ([first, last]: readonly [number, number]): string => `rounds ${first} to ${last}`;

/** Returns what the audit found, the verdict first. */
export function auditWords(audit: Audit, { contextLength }: Pick<AuditFacts, 'contextLength'>): string[] {
  const { early, late, obeyed, fall, halfLife, shares, context } = audit;
  const used = context.at(-1)!;
  const [one, last] = [shares.message[0], shares.message.at(-1)];
  return [
    ...(obeyed === null ? [] : [obedienceWords(audit, obeyed)]),
    ...influenceWords(fall, halfLife, early, late),
    ...(one === undefined || last === undefined
      ? []
      : [
          `The prompt's share of attention goes from ${numberText(one.value, { digits: 3 })} in round ${one.round} to ` +
            `${numberText(last.value, { digits: 3 })} in round ${last.round}; the sink has ${numberText(shares.sink.at(-1)?.value ?? Number.NaN, { digits: 3 })} there.`,
        ]),
    `When the last answer begins, the dialogue has ${Math.round(used.value)} of ${contextLength} tokens of context.`,
  ];
}

/** Whether the prompt is seen to be followed in the early rounds, more than by chance; true without rules or without chance. */
const isFollowed = ({ obeyed, chance }: Audit): boolean =>
  obeyed === null || chance === null || obeyed.early.low > chance;

function obedienceWords(
  audit: Audit,
  { early: before, late: after, change }: NonNullable<Audit['obeyed']>,
): string {
  const { chance, early, late } = audit;
  const course = `${numberText(before.value)} of probes in ${rounds(early)}, ${numberText(after.value)} in ${rounds(late)}`;
  const beside = chance === null ? '' : `; by chance ${numberText(chance)}`;
  const verdict = verdictOf(change);
  if (!isFollowed(audit)) {
    const seen = `${estimateText(before)} of probes in ${rounds(early)}`;
    return `The model is not seen to follow this prompt, even at first: ${seen}, ${numberText(after.value)} in ${rounds(late)}${beside}. No setting can hold what a model does not follow; more dialogues tell whether it does.`;
  }
  if (verdict === 'below') {
    return `The model loses this prompt: it is followed in ${course} (${estimateText(change, { signed: true })})${beside}.`;
  }
  return `No loss of this prompt was seen: it is followed in ${course} (${estimateText(change, { signed: true })})${beside}.`;
}

function influenceWords(
  { early: before, late: after, change }: Audit['fall'],
  halfLife: Audit['halfLife'],
  early: Audit['early'],
  late: Audit['late'],
): string[] {
  // Small influences are small numbers.
  const digits = before.value < 1 ? 3 : 2;
  const numbers = `${numberText(before.value, { digits })} nats a token in ${rounds(early)}, ${numberText(after.value, { digits })} in ${rounds(late)} (${estimateText(change, { signed: true, digits })})`;
  const verdict = verdictOf(change);
  if (verdict === 'unclear') return [`No fall of the prompt's influence was seen: ${numbers}.`];
  if (verdict === 'above') return [`The prompt's influence grows: ${numbers}.`];
  const half = Number.isFinite(halfLife.value)
    ? `. It halves every ${numberText(halfLife.value, { digits: 1 })} rounds`
    : '';
  return [
    `This prompt loses its influence: in ${rounds(late)}, ${Math.round((100 * after.value) / before.value)} % of what it had in ${rounds(early)} is left.`,
    `Its influence is ${numbers}${half}.`,
  ];
}

function shareFigure({ shares, dialogues }: Audit, { model }: AuditFacts): PromptFigure {
  const series = [
    { name: 'prompt', points: pointsOf(shares.message) },
    { name: 'sink', points: pointsOf(shares.sink) },
  ].filter(({ points }) => points.length > 0);
  return lineFigure('shares', 'Attention to the prompt and to the sink, over the heads that see furthest.', {
    ...figureOf('Attention', dialogues, model),
    panels: [
      {
        title: 'Share of attention, 0 to 1',
        domain: domainFromZero(series.flatMap(({ points }) => points)),
        height: 130,
        series,
      },
    ],
  });
}

function influenceFigure({ influence, dialogues }: Audit, { model }: AuditFacts): PromptFigure {
  const series = [
    { name: 'beside another', points: pointsOf(influence.others.rounds) },
    { name: 'beside none', points: pointsOf(influence.none.rounds) },
  ];
  return lineFigure(
    'influence',
    'How much the next word changes if the prompt is replaced by another one, or left out.',
    {
      ...figureOf("The prompt's influence", dialogues, model),
      panels: [
        {
          title: 'Nats a token, beside another prompt and beside none',
          domain: domainFromZero(series.flatMap(({ points }) => points)),
          height: 130,
          series,
        },
      ],
    },
  );
}

/** Draws obedience where there are rules, else the use of the context. */
function lastFigure(
  { stability, chance, context, dialogues }: Audit,
  { model, contextLength }: AuditFacts,
): PromptFigure {
  if (stability === null) {
    const points = pointsOf(context).map(({ x, value, low, high }) => ({
      x,
      ...{ value: value / contextLength, low: low / contextLength, high: high / contextLength },
    }));
    return lineFigure('context', `The model's context has ${contextLength} tokens.`, {
      ...figureOf('Use of the context', dialogues, model),
      panels: [
        {
          title: 'Fraction of the context in use when the answer begins',
          domain: domainFromZero(points),
          height: 130,
          series: [{ name: 'used', points }],
        },
      ],
    });
  }
  const series = [
    { name: 'followed', points: pointsOf(stability.rounds) },
    ...(chance === null
      ? []
      : [
          {
            name: 'chance',
            points: stability.rounds.map(({ round }) => ({
              x: round,
              value: chance,
              low: chance,
              high: chance,
            })),
          },
        ]),
  ];
  return lineFigure(
    'obedience',
    'How many probes are answered as the rules ask, and by chance without the prompt.',
    {
      ...figureOf('Obedience', dialogues, model),
      panels: [{ title: 'Mean score of the probes, 0 to 1', domain: [0, 1], height: 130, series }],
    },
  );
}

const figureOf = (title: string, dialogues: number, model: string): Omit<Figure, 'panels'> => ({
  title,
  subtitle: `${dialogues} dialogues; bands are 95 % intervals over dialogues`,
  x: 'round of the dialogue',
  source: model,
});
