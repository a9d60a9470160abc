// The tables of an evaluation, from its summary, in Markdown.

const two = (value) => value.toFixed(2).replace(/^(-?)0\./, '$1.');
const three = (value) => value.toFixed(3);
const interval = ({ value, low, high }) => `${two(value)} [${two(low)}, ${two(high)}]`;
const signed = ({ value, low, high }) => `${value > 0 ? '+' : ''}${interval({ value, low, high })}`;

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean over the probed rounds from the eighth on. */
const late = (values) =>
  mean(Object.entries(values).flatMap(([round, value]) => (Number(round) >= 8 ? [value] : [])));

/** The three points by which a recipe is chosen (recipe.md), with the numbers that decide them. */
function points(off) {
  const ends = (values) => [
    mean([1, 2, 3].map((round) => values[round])),
    mean([10, 11, 12].map((round) => values[round])),
  ];
  const ability = ['topic', 'slots', 'wellFormed'].map((key) => {
    const [early, late] = ends(
      Object.fromEntries(Object.entries(off.ability[key]).map(([round, { value }]) => [round, value])),
    );
    return [`ability: ${key}`, three(early), three(late), `${(100 * (late / early - 1)).toFixed(1)} %`];
  });
  const [early, late] = ends(off.bareLoss);
  const families = Object.values(off.families).filter((rounds) => rounds[1] >= 0.8).length;
  return `${table(
    ['', 'rounds 1–3', 'rounds 10–12', 'change'],
    [
      ...ability,
      [
        'loss on reference answers, bare prompt',
        three(early),
        three(late),
        `${(100 * (late / early - 1)).toFixed(1)} %`,
      ],
    ],
  )}

Families with a stability of 0.8 or more at round 1: ${families} of ${Object.keys(off.families).length}.
Stability at round 12 less that at round 1: ${two(off.stability[12].value - off.stability[1].value)}; slope a round ${three(off.slope.value)} [${three(off.slope.low)}, ${three(off.slope.high)}].`;
}

export function tables({ model, trials, rounds, arms, effects }) {
  const [off] = arms;
  const probed = Object.keys(off.stability);
  return `# What was measured of \`${model}\`

${trials} held-out trials of ${rounds} rounds, temperature 1, top-p 0.9; 95 % intervals by bootstrap over trials. Written by
\`evaluate.mjs\`; nothing here is typed in.

## Stability by round

${table(
  ['arm', ...probed.map((round) => `r${round}`)],
  arms.map(({ name, stability }) => [name, ...probed.map((round) => interval(stability[round]))]),
)}

## Against off, paired

Stability, less that of the arm off; and the loss on reference answers in nats a token, less that of off.

${table(
  [
    'arm',
    'round 1',
    'rounds 1–3',
    'rounds 8 and later',
    `round ${probed.at(-1)}`,
    'loss, rounds 1–3',
    'loss, rounds 8 and later',
  ],
  effects.map(({ name, first, early, late, last, earlyLoss, lateLoss }) => [
    name,
    ...[first, early, late, last, earlyLoss, lateLoss].map(signed),
  ]),
)}

## Families, rounds 8 and later

Mean stability; what is lost, and which arm keeps it.

${table(
  ['family', ...arms.map(({ name }) => name)],
  Object.keys(off.families).map((family) => [
    family,
    ...arms.map(({ families }) => two(late(families[family]))),
  ]),
)}

## The untouched model: ability and drift

${points(off)}

${table(
  ['family', ...probed.map((round) => `r${round}`)],
  Object.entries(off.families).map(([family, values]) => [
    family,
    ...probed.map((round) => two(values[round])),
  ]),
)}

## The untouched model, round by round

Shares are of the rows and heads of the layers that see the whole dialogue, on reference answers.

${table(
  [
    'round',
    'tokens',
    'on topic',
    "user's values",
    'well formed',
    'loss',
    'loss, bare',
    'share: mean',
    'median',
    '90th',
    'above .5',
    'below .001',
    'sink',
    'span behind',
  ],
  Object.keys(off.tokens).map((round) => {
    const { prefix, sink, after } = off.spread[round];
    const { topic, slots, wellFormed } = off.ability;
    return [
      round,
      off.tokens[round].toFixed(0),
      ...[topic, slots, wellFormed].map((values) => two(values[round].value)),
      ...[
        off.loss[round],
        off.bareLoss[round],
        prefix.mean,
        prefix.median,
        prefix.ninetieth,
        prefix.above,
        prefix.below,
        sink,
        after,
      ].map(three),
    ];
  }),
)}
`;
}
