// The tables of docs/results/replication.md.
import { armOf, costOf, estimateIn, familyOf, influenceOf, offIn } from './studies.mjs';

/** Returns what the untouched models lose. */
export function decayTable(models) {
  return {
    note: 'Untouched. Share: of attention, of the system message, mean over rows and the heads that see furthest, in the first and the last round. Influence: nats a token, early and late; half-life in rounds. Above chance: 0 for a model that answers as without its prompt, 1 for one that always obeys.',
    columns: [
      { heading: 'model' },
      { heading: 'share, first round', digits: 3 },
      { heading: 'last round', digits: 3 },
      { heading: 'influence, early', digits: 3 },
      { heading: 'late', digits: 3 },
      { heading: 'half-life', digits: 1, infinite: 'never' },
      { heading: 'obedience above chance, early', signed: true },
      { heading: 'late', signed: true },
    ],
    rows: models.map((model) => {
      const shares = model.rows('rounds', { arm: 'off' }).map((row) => estimateIn(row, 'share_after'));
      const influence = influenceOf(model, 'off');
      const above = offIn(model, 'above-chance');
      return [
        ...[model.label, shares[0], shares.at(-1)],
        ...['early', 'late', 'half_life'].map((column) => estimateIn(influence, column)),
        ...['early', 'late'].map((column) => estimateIn(above, column)),
      ];
    }),
  };
}

/** Returns what each arm brings back on a model, and what it costs. */
export function effectsTable(model) {
  const off = influenceOf(model, 'off');
  const tokens = (arm) => {
    const own = influenceOf(model, arm);
    return own === undefined ? null : Number(own.forwarded_tokens) / Number(off.forwarded_tokens);
  };
  return {
    note: 'Late, beside the untouched model. KL: divergence of the next token from the untouched model’s on held-out dialogues, nats a token. Tokens: forwarded to read the same dialogues, × the untouched model’s.',
    columns: [
      { heading: 'arm' },
      { heading: 'influence ×' },
      { heading: 'in words' },
      { heading: 'obedience −', signed: true },
      { heading: 'in words' },
      { heading: 'KL', digits: 3 },
      { heading: 'tokens ×' },
    ],
    rows: model
      .rows('summary')
      .filter(({ arm }) => arm !== 'off')
      .map((row) => [
        row.arm,
        estimateIn(row, 'influence_ratio'),
        row.influence_in_words || null,
        estimateIn(row, 'stability_difference'),
        row.stability_in_words || null,
        estimateIn(row, 'kl'),
        tokens(row.arm),
      ]),
  };
}

/** Returns the contrasts of all models. */
export function contrastsTable(contrasts) {
  const costIn = (model, { name }) => estimateIn(costOf(model, name), 'kl');
  return {
    note: 'Influence as a part of the untouched model’s late influence, obedience from 0 to 1. KL: what each of the two costs, nats a token.',
    columns: [
      { heading: 'model' },
      { heading: 'first' },
      { heading: 'second' },
      { heading: 'outcome' },
      { heading: 'first − second, late', signed: true },
      { heading: 'KL, first', digits: 3 },
      { heading: 'KL, second', digits: 3 },
    ],
    rows: contrasts.map(({ model, arms: [first, second], measure, value, low, high }) => [
      ...[model.label, first.name, second.name, measure, { value, low, high }],
      ...[costIn(model, first), costIn(model, second)],
    ]),
  };
}

/** Returns a model's policies on both targets, with cost and late influence of each, and what the message has at the prefix's cost. */
export function targetPairs(model) {
  const pairs = model.spec.arms.flatMap(({ name }) => {
    const marks = [name, `${name}, target prefix`].map((arm) => markOf(model, arm));
    return marks.includes(null) ? [] : [{ name, message: marks[0], prefix: marks[1] }];
  });
  const onMessage = model.spec.arms
    .filter((arm) => familyOf(arm) === 'split-softmax on the message')
    .map(({ name }) => markOf(model, name))
    .filter((mark) => mark !== null);
  const curve = [{ kl: 0, ratio: 1 }, ...onMessage];
  return pairs.map((pair) => ({ ...pair, atEqualCost: ratioAt(curve, pair.prefix.kl) }));
}

/** Returns what a policy raises influence by on the prefix, and on the message at the same strength and at the same cost. */
export function equalCostTable(models) {
  const rows = models.flatMap((model) =>
    targetPairs(model).map(({ name, message, prefix, atEqualCost }) => [
      ...[model.label, name, prefix.kl, prefix.ratio, message.kl, message.ratio, atEqualCost],
    ]),
  );
  return {
    note: 'Late influence, × the untouched model’s, and KL divergence, nats a token. At the prefix’s cost: between the message’s strengths, with the untouched model as one of them, by a straight line of log influence over KL divergence; intervals of the differences at the same strength are in the table below.',
    columns: [
      { heading: 'model' },
      { heading: 'policy' },
      { heading: 'prefix: KL', digits: 3 },
      { heading: 'influence ×' },
      { heading: 'message: KL', digits: 3 },
      { heading: 'influence ×' },
      { heading: 'message at the prefix’s cost ×' },
    ],
    rows,
  };
}

/** Returns an arm's cost and what it raises late influence by; null if one of them was not measured. */
function markOf(model, arm) {
  const [kl, ratio] = [costOf(model, arm)?.kl, influenceOf(model, arm)?.ratio];
  return [kl, ratio].some((text) => (text ?? '') === '') ? null : { kl: Number(kl), ratio: Number(ratio) };
}

/** Returns the ratio at a cost, on straight lines of its logarithm between marks; null beyond the dearest. */
function ratioAt(marks, kl) {
  const sorted = marks.toSorted((a, b) => a.kl - b.kl);
  const above = sorted.findIndex((mark) => mark.kl >= kl);
  if (above < 1) return null;
  const [left, right] = sorted.slice(above - 1, above + 1);
  const part = (kl - left.kl) / (right.kl - left.kl);
  return left.ratio ** (1 - part) * right.ratio ** part;
}

/** Returns the late differences that have a random span on one side: whether the prompt must be what is strengthened. */
export function spansTable(models) {
  const isRandom = (model, name) => armOf(model, name).target.kind === 'random';
  const rows = models.flatMap((model) =>
    model
      .rows('differences', { rounds: 'late' })
      .filter(({ arm, against }) => isRandom(model, arm) || isRandom(model, against))
      .map((row) => [
        ...[model.label, model.study, row.arm, row.against],
        ...[estimateIn(row, 'difference'), row.words],
        ...[row.arm, row.against].map((arm) => estimateIn(costOf(model, arm), 'kl')),
      ]),
  );
  return {
    note: 'Late obedience. A random span has as many tokens as the prefix and lies in the two prefix lengths after it. KL: what each of the two costs, nats a token.',
    columns: [
      { heading: 'model' },
      { heading: 'study' },
      { heading: 'first' },
      { heading: 'second' },
      { heading: 'first − second', signed: true },
      { heading: 'in words' },
      { heading: 'KL, first', digits: 3 },
      { heading: 'KL, second', digits: 3 },
    ],
    rows,
  };
}

/** Returns KL in the first and the last round of the arms of a clean cache and their held twins; no rows where no study has it. */
export function klTable(models, contrasts) {
  const rows = models.flatMap((model) => {
    const arms = new Set(
      contrasts
        .filter((each) => each.model === model && each.arms[0].cache === 'clean')
        .flatMap((each) => each.arms.map(({ name }) => name)),
    );
    return [...arms].flatMap((arm) => {
      const own = model.rows('kl-rounds', { arm });
      if (own.length === 0) return [];
      return [[model.label, arm, ...[own[0], own.at(-1)].map((row) => estimateIn(row, 'kl'))]];
    });
  });
  return {
    note: 'KL divergence in the first and the last round of the held-out dialogues, nats a token: whether it grows with what the cache keeps.',
    columns: [
      { heading: 'model' },
      { heading: 'arm' },
      { heading: 'first round', digits: 4 },
      { heading: 'last round', digits: 4 },
    ],
    rows,
  };
}
