// What the replications compare beside the untouched model: message with prefix, and a clean with a held cache.
import { armOf, estimateIn, familyOf, firstReference, influenceOf } from './studies.mjs';

/** Returns the differences that the studies tested between message and prefix, and between a clean and a held cache. */
export function contrastsOf(model) {
  const late = { rounds: 'late' };
  const off = estimateIn(influenceOf(model, 'off'), 'late').value;
  const found = [
    ...model
      .rows('influence-differences', { ...late, reference: firstReference(model) })
      .map((row) => ({ row, measure: 'influence', unit: off })),
    ...model.rows('differences', late).map((row) => ({ row, measure: 'obedience', unit: 1 })),
  ];
  return found.flatMap(({ row, measure, unit }) => {
    const [arm, against] = [armOf(model, row.arm), armOf(model, row.against)];
    if (
      familyOf(arm) === familyOf(against) ||
      JSON.stringify(arm.schedule) !== JSON.stringify(against.schedule)
    )
      return [];
    const sides = [arm, against].map(({ target, cache = 'held' }) => ({ target: target.kind, cache }));
    const kind = kindOf(sides);
    if (kind === null) return [];
    const estimate = estimateIn(row, 'difference');
    const sign = kind.isFlipped ? -1 : 1;
    const ends = [sign * estimate.low, sign * estimate.high].sort((a, b) => a - b);
    return [
      {
        ...{ model, measure, row: `${model.label}: ${kind.name}`, words: row.words },
        ...{ arms: kind.isFlipped ? [against, arm] : [arm, against] },
        ...{ value: (sign * estimate.value) / unit, low: ends[0] / unit, high: ends[1] / unit },
      },
    ];
  });
}

/** Returns which of the two questions two arms answer, and whether they are the wrong way round; null for neither. */
function kindOf([left, right]) {
  const targets = [left.target, right.target].join(' ');
  if (left.cache === right.cache && ['message prefix', 'prefix message'].includes(targets)) {
    return { name: 'message − prefix', isFlipped: left.target === 'prefix' };
  }
  if (left.target === right.target && left.cache !== right.cache) {
    return { name: 'clean − held cache', isFlipped: left.cache === 'held' };
  }
  return null;
}
