// The tables of an evaluation, from its summary, in Markdown.

export const two = (value) => value.toFixed(2).replace(/^(-?)0\./, '$1.');
export const three = (value) => value.toFixed(3);
export const interval = ({ value, low, high }) => `${two(value)} [${two(low)}, ${two(high)}]`;
export const signed = ({ value, low, high }) => `${value > 0 ? '+' : ''}${interval({ value, low, high })}`;

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean over the probed rounds from the eighth on. */
const late = (values) =>
  mean(Object.entries(values).flatMap(([round, value]) => (Number(round) >= 8 ? [value] : [])));

/** What decides the three points by which a recipe is chosen (recipe.md). */
export function pointsOf(off) {
  const values = (estimates) => Object.values(estimates).map(({ value }) => value);
  // The round up to 12 that is furthest from the beginning, and by how much of it.
  const furthest = (list, beginning) => {
    const changes = list.slice(0, 12).map((value) => value / beginning - 1);
    const change = changes.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    return { beginning, round: changes.indexOf(change) + 1, change };
  };
  const losses = Object.values(off.bareLoss);
  const families = Object.values(off.families).map((rounds) => rounds[1]);
  return {
    families: families.length,
    learned: families.filter((value) => value >= 0.8).length,
    ability: Object.fromEntries(
      ['topic', 'slots', 'wellFormed'].map((key) => {
        const list = values(off.ability[key]);
        return [key, furthest(list, list[0])];
      }),
    ),
    bareLoss: furthest(losses, mean(losses.slice(0, 3))),
    fall: off.stability[12].value - off.stability[1].value,
  };
}

/** The three points, with the numbers that decide them. */
function points(off) {
  const { families, learned, ability, bareLoss, fall } = pointsOf(off);
  const row = (name, { beginning, round, change }) => [
    name,
    three(beginning),
    `round ${round}`,
    `${(100 * change).toFixed(1)} %`,
  ];
  const rows = [
    ...Object.entries(ability).map(([key, value]) => row(`answers about a topic: ${key}`, value)),
    row('loss on reference answers, bare prompt', bareLoss),
  ];
  return `1. Stability at round 1: ${interval(off.stability[1])}; 0.8 or more in ${learned} of ${families} families.
2. Ability up to round 12, furthest from the beginning (round 1; for the loss the mean of rounds 1 to 3):

${table(['', 'beginning', 'furthest', 'change'], rows)}

3. Stability at round 12 less that at round 1: ${two(fall)}; slope a round ${three(off.slope.value)} [${three(off.slope.low)}, ${three(off.slope.high)}].`;
}

export function tables({ model, sha256, first, trials, rounds, arms, effects }) {
  const [off] = arms;
  const probed = Object.keys(off.stability);
  return `# What was measured of \`${model}\`

Trials ${first} to ${first + trials - 1}, held-out dialogues of ${rounds} rounds; temperature 1, top-p 0.9; 95 % intervals by bootstrap over
trials. Weights: sha256 \`${sha256}\`. Written by \`evaluate.mjs\`; nothing here is typed in.

A probe after round n is answered as round n + 1 would be: an arm that grows from 1 is at its second step there. Plain answers pass
\`one\` and \`two\` about every second time by themselves; the other families' instructions are never met by chance. The control
behind the prompt covers the question and the first words of the answer in rounds 1 and 2, where it is no control.

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

## The untouched model: the three points of recipe.md

${points(off)}

## The untouched model, family by family

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
