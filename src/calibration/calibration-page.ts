import { closed, pointsOf } from '../findings/index.js';
import {
  type DataTable,
  domainFromZero,
  frontChartSpec,
  html,
  htmlTable,
  readableTable,
  type Series,
  specSvg,
} from '../report/index.js';
import { withinBudget } from './choose.js';
import { countedGain } from './outcome.js';
import {
  figuresMarkup,
  lineFigure,
  type PageFile,
  type PromptFacts,
  type PromptFigure,
  promptFiles,
} from './page-parts.js';
import type { Calibration } from './result.js';
import { BEYOND_WORDS, dearerWords, OUTCOMES, verdictWords } from './words.js';

/** What a page says of a calibration besides its results. */
export interface CalibrationFacts extends PromptFacts {
  /** The command that uses the hold. */
  readonly use: string;
}

/** Returns the page of a calibration and its figures, as files. */
export async function calibrationFiles(
  calibration: Calibration,
  facts: CalibrationFacts,
): Promise<PageFile[]> {
  const figures = [courseFigure(calibration, facts), frontFigure(calibration, facts)];
  const { outcome, choosing, arm } = calibration;
  const tried = triedTable(calibration);
  const failed = choosing.failed.map(
    ({ name, error }) => html`<p>${name} could not be measured: ${error.split('\n')[0]!}</p>\n`,
  );
  const results = html`<p class="headline">${verdictWords(calibration)}</p>
<p class="soft">${facts.model}; the prompt is at the end of this page.</p>
<h2>What to do</h2>
<pre>${facts.use}</pre>
<p>${arm === null ? 'The file says that the policy is off.' : 'The file has the setting and the evidence for it.'} Calibrate again for another model or prompt: what holds one need not hold
another.</p>
<h2>The course of a dialogue</h2>
${await figuresMarkup(figures.slice(0, 1))}
<p>${OUTCOMES[outcome].what}</p>
<h2>The choice</h2>
${await figuresMarkup(figures.slice(1))}
<p>The setting with the highest lower end of its gain was chosen, among those whose cost is at most ${String(calibration.budget)} nats a token by
the upper end of its interval; of equal ones, the cheaper. It was then tested once, on other dialogues. ${outcome === 'influence' ? BEYOND_WORDS : ''} ${dearerWords(calibration) ?? ''}</p>
<div class="wide" tabindex="0" role="region" aria-label="Settings">${htmlTable(readableTable(tried))}</div>
<p class="soft">${tried.note}</p>
${failed}`;
  return promptFiles('Does anything hold this prompt?', results, figures, facts);
}

function courseFigure(calibration: Calibration, { model }: CalibrationFacts): PromptFigure {
  const { outcome, choosing, confirmation } = calibration;
  const { name, unit } = OUTCOMES[outcome];
  const series: Series[] =
    confirmation === null
      ? [{ name: 'off', points: pointsOf(choosing.off.rounds) }]
      : [
          { name: 'off', points: pointsOf(confirmation.off.rounds) },
          { name: 'held', points: pointsOf(confirmation.held.rounds) },
          ...(confirmation.control === null
            ? []
            : [{ name: 'random span', points: pointsOf(confirmation.control.rounds) }]),
        ];
  const { dialogues } = confirmation?.held ?? choosing.off;
  const which = confirmation === null ? 'the calibration dialogues' : 'dialogues on which nothing was chosen';
  const title = `${name[0]!.toUpperCase()}${name.slice(1)}, round by round`;
  const bands = 'Bands are 95 % intervals over dialogues';
  const control = series.length > 2 ? ' Random span: the same policy on a random span.' : '';
  return lineFigure('course', `${dialogues} dialogues: ${which}. ${bands}.${control}`, {
    title,
    subtitle: `${dialogues} dialogues. ${bands}`,
    x: 'round of the dialogue',
    panels: [
      {
        title: `${name}, ${unit}`,
        domain: outcome === 'stability' ? [0, 1] : domainFromZero(series.flatMap(({ points }) => points)),
        height: 220,
        series,
      },
    ],
    source: model,
  });
}

const NOTHING = { value: 0, low: 0, high: 0 };

function frontFigure(calibration: Calibration, { model }: CalibrationFacts): PromptFigure {
  const { outcome, choosing, budget } = calibration;
  const { unit } = OUTCOMES[outcome];
  const { off, tried, choice } = choosing;
  const points = [
    { name: 'off', x: NOTHING, y: NOTHING },
    ...tried.map((setting) => ({
      name: setting.name,
      x: closed(setting.cost),
      y: closed(countedGain(setting)),
    })),
  ];
  const isOnFront = (at: number): boolean =>
    !points.some(
      ({ x, y }, other) =>
        other !== at &&
        x.value <= points[at]!.x.value &&
        y.value >= points[at]!.y.value &&
        (x.value < points[at]!.x.value || y.value > points[at]!.y.value),
    );
  const marks = points.map((point, at) => {
    const setting = tried.find((each) => each.name === point.name);
    const fits = setting === undefined || withinBudget(setting, budget);
    return {
      ...point,
      onFront: isOnFront(at),
      membership:
        point.name === choice.name ? ('yes' as const) : fits ? ('uncertain' as const) : ('no' as const),
      isControl: false,
      isBaseline: point.name === 'off',
    };
  });
  const shown = {
    title: 'What each setting gains, and what it costs',
    subtitle: `${off.dialogues} calibration dialogues. Filled: chosen; pale: within the budget of ${budget}; hollow: beyond it`,
    x: 'cost: KL divergence from the untouched model, nats a token',
    y: `gain in late ${outcome}${outcome === 'influence' ? ' beyond a random span' : ''}, ${unit}`,
    marks,
    source: model,
  };
  return {
    name: 'front',
    caption:
      'Up gains more, left costs less; lines are 95 % intervals. Filled: the chosen setting; pale: within the budget; hollow: beyond it. ' +
      'The line joins settings that no other beats in both.',
    svg: (look) => specSvg(frontChartSpec(shown, look)),
  };
}

/** Returns the table of what was tried, cheapest first. */
export function triedTable({ choosing, budget, outcome }: Calibration): DataTable {
  const { late, off, tried, choice } = choosing;
  const hasControls = outcome === 'influence';
  const { unit } = OUTCOMES[outcome];
  const inOrder = [...tried].sort((a, b) => a.cost.value - b.cost.value);
  const stateOf = (setting: (typeof tried)[number]): string => {
    if (setting.name === choice.name) return 'chosen';
    return withinBudget(setting, budget) ? '' : 'too dear';
  };
  return {
    name: 'tried',
    title: 'Settings',
    columns: [
      { name: 'setting', heading: 'setting' },
      { name: 'late', heading: `late ${outcome}` },
      { name: 'gain', heading: 'gain', signed: true },
      ...(hasControls ? [{ name: 'beyond', heading: 'beyond a random span', signed: true }] : []),
      { name: 'cost', heading: 'cost, nats a token', digits: 3 },
      { name: 'choice', heading: '' },
    ],
    rows: [
      ['off', off.late.value, null, ...(hasControls ? [null] : []), 0, ''],
      ...inOrder.map((each) => [
        each.name,
        each.late.value,
        each.gain,
        ...(hasControls ? [each.beyond] : []),
        each.cost,
        stateOf(each),
      ]),
    ],
    note: `Late: rounds ${late[0]} to ${late[1]}, ${unit}; ${off.dialogues} calibration dialogues. Too dear: it may cost more than the budget of ${budget}.`,
  };
}
