// The figures of docs/results/replication.md, as Vega-Lite specifications.
import { smallMultiplesSpec } from '../../dist/report/index.js';
import { figureConfig, figureFrame } from '../../dist/report/look.js';
import { armOf, estimateIn, familyOf, firstReference } from './studies.mjs';

const LOOK = 'paper';
const SOURCE = 'The numbers are in the tables beside the reports of the studies.';
const titleOf = (text, subtitle) => ({ text, subtitle, anchor: 'start', frame: 'bounds', offset: 14 });

/** Decay of each model, untouched: share and influence as parts of those in round 1, and obedience. */
export function decayFigure(models) {
  const panels = models.map((model) => {
    const rounds = model.rows('rounds', { arm: 'off' });
    const influence = model.rows('influence-rounds', { arm: 'off', reference: firstReference(model) });
    const [{ chance }] = model.rows('chance', { part: 'all' });
    const probed = pointsOf(rounds, 'stability');
    return {
      title: model.label,
      series: [
        { name: 'influence', points: partsOfFirst(pointsOf(influence, 'influence')) },
        { name: 'share of attention', points: partsOfFirst(pointsOf(rounds, 'share_after')) },
        { name: 'obedience', points: probed },
        {
          name: 'obedience by chance',
          points: probed.map(({ x }) => ({ x, ...same(Number(chance)) })),
        },
      ],
    };
  });
  const highest = Math.max(
    ...panels.flatMap(({ series }) => series.flatMap((s) => s.points.map((p) => p.high))),
  );
  return smallMultiplesSpec(
    {
      title: 'The prompt in a dialogue, untouched',
      subtitle:
        'Influence and share of attention of the prompt as parts of those in round 1; obedience: the mean score of probes. Bands are 95 % intervals',
      x: 'round',
      y: 'part',
      domain: [0, Math.ceil(10 * highest) / 10],
      panels,
      source: SOURCE,
    },
    LOOK,
  );
}

const same = (value) => ({ value, low: value, high: value });

function pointsOf(rows, column) {
  return rows.flatMap((row) => {
    const estimate = estimateIn(row, column);
    return estimate === null ? [] : [{ x: Number(row.round), ...closed(estimate) }];
  });
}

const partsOfFirst = (points) =>
  points.map(({ x, value, low, high }) => {
    const first = points[0].value;
    return { x, value: value / first, low: low / first, high: high / first };
  });

const closed = ({ value, low, high }) =>
  Number.isNaN(low) || Number.isNaN(high) ? same(value) : { value, low, high };

const COLOURS = [
  '#2f81d7',
  '#7a8a3a',
  '#d2691e',
  '#8c959f',
  '#a04a8a',
  '#c9a227',
  '#3a9188',
  '#57606a',
  '#b35a5a',
];
const SHAPES = [
  'circle',
  'diamond',
  'square',
  'triangle-up',
  'cross',
  'triangle-right',
  'triangle-down',
  'circle',
  'square',
];

/** Late influence and late obedience of each arm against its KL divergence, one plot for each model. */
export function effectsFigure(models) {
  const influence = marksOf(models, 'influence', 'ratio');
  const obedience = marksOf(models, 'differences', 'difference');
  const families = [...new Set([...influence, ...obedience].map(({ family }) => family))];
  const rows = [
    plots(influence, models, families, {
      y: 'influence ×',
      scale: { type: 'log', nice: false },
      axis: { values: [0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50] },
      rule: 1,
    }),
    plots(obedience, models, families, {
      y: 'obedience −',
      scale: { zero: true },
      axis: { tickCount: 6 },
      rule: 0,
    }),
  ];
  const title = 'What an arm brings back, and what it costs';
  const subtitle = [
    'Late influence, × the untouched model’s, and late obedience, minus the untouched model’s, against KL divergence.',
    'A line joins the strengths of a policy. Bars are 95 % intervals',
  ];
  return {
    ...figureFrame({ title, subtitle: subtitle.join(' ') }, LOOK),
    title: titleOf(title, subtitle),
    spacing: 26,
    vconcat: rows.filter((row) => row !== null),
    config: figureConfig(LOOK),
  };
}

/** Returns a mark for each arm with a cost: its effect against off, from a table. Without the prompt, there is nothing to bring back. */
function marksOf(models, table, column) {
  return models.flatMap((model) => {
    const costs = model.rows('costs');
    const having =
      table === 'differences' ? { against: 'off', rounds: 'late' } : { reference: firstReference(model) };
    return model.rows(table, having).flatMap((row) => {
      const effect = estimateIn(row, column);
      const kl = estimateIn(
        costs.find(({ arm }) => arm === row.arm),
        'kl',
      );
      if (effect === null || kl === null) return [];
      const arm = armOf(model, row.arm);
      if (arm.noSystem) return [];
      const [x, y] = [closed(kl), closed(effect)];
      return [
        {
          ...{ model: model.label, arm: row.arm, family: familyOf(arm) },
          ...{ x: x.value, xLow: x.low, xHigh: x.high, y: y.value, yLow: y.low, yHigh: y.high },
        },
      ];
    });
  });
}

/** Returns a plot of marks for each model; null without marks. */
function plots(values, models, families, { y, scale, axis, rule }) {
  if (values.length === 0) return null;
  const by = (field) => ({ field, type: 'quantitative' });
  const [across, up] = [
    {
      ...{ title: 'KL divergence, nats a token', scale: { type: 'sqrt', nice: false, padding: 8 } },
      axis: { grid: false, tickCount: 6 },
    },
    { title: y, scale, axis: { ...axis, grid: true, domain: false, ticks: false } },
  ];
  const family = (range) => ({
    ...{ field: 'family', type: 'nominal', scale: { domain: families, range } },
    legend: { title: null, orient: 'bottom', columns: 2, symbolOpacity: 1, labelLimit: 0, labelFontSize: 12 },
  });
  const at = { x: { ...by('x'), ...across }, y: { ...by('y'), ...up } };
  const color = family(COLOURS);
  const columns = models.length > 6 ? 4 : 3;
  return {
    data: { values },
    facet: {
      ...{ field: 'model', type: 'nominal', sort: models.map(({ label }) => label), title: null },
      header: { labelAnchor: 'start', labelFontSize: 12.5, labelFontWeight: 600, labelPadding: 4 },
    },
    columns,
    spacing: { row: 18, column: 24 },
    spec: {
      width: 768 / columns - 24,
      height: 180,
      layer: [
        {
          mark: { type: 'rule', color: '#8c959f', strokeDash: [4, 3] },
          encoding: { y: { datum: rule } },
        },
        { mark: { type: 'line', strokeWidth: 1.6, opacity: 0.7 }, encoding: { ...at, color } },
        {
          mark: { type: 'rule', opacity: 0.6 },
          encoding: { ...at, x: { ...by('xLow'), ...across }, x2: { field: 'xHigh' }, color },
        },
        {
          mark: { type: 'rule', opacity: 0.6 },
          encoding: { ...at, y: { ...by('yLow'), ...up }, y2: { field: 'yHigh' }, color },
        },
        {
          mark: { type: 'point', filled: true, opacity: 1, size: 70 },
          encoding: { ...at, color, shape: family(SHAPES) },
        },
      ],
    },
  };
}

/** What the two new arms add at one strength: the message beside the prefix, and a clean cache beside a held one. */
export function contrastsFigure(contrasts) {
  const measures = [
    { key: 'influence', title: 'late influence ÷ the untouched model’s' },
    { key: 'obedience', title: 'late obedience, 0 to 1' },
  ];
  const rows = [...new Set(contrasts.map(({ row }) => row))];
  const title = 'Message beside prefix, clean cache beside held cache';
  const subtitle =
    'Differences at the same strength; right of the line the first of the two has more. Bars are 95 % intervals';
  return {
    ...figureFrame({ title, subtitle }, LOOK),
    title: titleOf(title, subtitle),
    spacing: 20,
    hconcat: measures.flatMap(({ key, title }, place) => {
      const values = contrasts.filter(({ measure }) => measure === key);
      if (values.length === 0) return [];
      const across = { type: 'quantitative', title, scale: { zero: true }, axis: { tickCount: 5 } };
      const y = {
        ...{ field: 'row', type: 'nominal', sort: rows, title: null, scale: { domain: rows } },
        axis: {
          ...{ labels: place === 0, labelLimit: 0, labelFontSize: 12, labelPadding: 8 },
          ...{ ticks: false, domain: false },
        },
      };
      return [
        {
          width: 215,
          height: { step: 26 },
          data: { values },
          layer: [
            {
              mark: { type: 'rule', color: '#8c959f', strokeDash: [4, 3] },
              encoding: { x: { datum: 0 } },
            },
            {
              mark: { type: 'rule', color: COLOURS[0] },
              encoding: { x: { field: 'low', ...across }, x2: { field: 'high' }, y },
            },
            {
              mark: { type: 'point', filled: true, size: 70, color: COLOURS[0], opacity: 1 },
              encoding: { x: { field: 'value', ...across }, y },
            },
          ],
        },
      ];
    }),
    config: figureConfig(LOOK),
  };
}
