// Reads the reports of replications: the tables that `study report` wrote, and the specifications in experiments.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseCsv } from '../../dist/formats/index.js';
import { parseSpec } from '../../dist/study/index.js';

/**
 * Returns the models of a study's report, each with its tables.
 * @param folder the folder with `tables`; its name is that of the specification
 */
export function readReplication(folder) {
  const name = basename(folder);
  const file = join('experiments', `${name}.yaml`);
  const spec = parseSpec(readFileSync(file, 'utf8'), file);
  const tables = new Map();
  const rowsOf = (table) => {
    if (!tables.has(table)) tables.set(table, readTable(join(folder, 'tables', `${table}.csv`)));
    return tables.get(table);
  };
  const report = readFileSync(join(folder, 'report.md'), 'utf8');
  const incomplete = /^Incomplete: .*$/m.exec(report)?.[0] ?? '';
  return rowsOf('stability')
    .filter(({ arm }) => arm === 'off')
    .map(({ model, dialogues, prompts }) => ({
      ...{ study: name, spec, dialogues, prompts, incomplete },
      label:
        labelOf(spec.models.find((each) => each.name === model)) +
        (spec.sources[0].kind === 'primed' ? ', primed' : '') +
        (purposeOf(name) === 'replication' ? '' : ', new dialogues'),
      /** Returns the rows of a table that have these values; none if the study has no such table. */
      rows: (table, having = {}) =>
        rowsOf(table).filter(
          (row) =>
            row.model === model && Object.entries(having).every(([column, value]) => row[column] === value),
        ),
    }));
}

/** Returns what the page reads a study of this name for: `replication`, `control` or `influence`; null for one that it does not read. */
export function purposeOf(name) {
  const [, replication, other] = /^(?:(replication)-(?!pilot)|(control|influence)-)/.exec(name) ?? [];
  return replication ?? other ?? null;
}

/** Returns an arm of a model's study by its name. */
export const armOf = ({ spec }, name) => spec.arms.find((arm) => arm.name === name);

/** Returns the first reference's name in a study. */
export const firstReference = ({ spec }) => spec.influence.references[0];

/** Returns the value of a column with its interval; null where the table has none. */
export function estimateIn(row, column) {
  if (row === undefined || (row[column] ?? '') === '') return null;
  const [value, low, high] = [column, `${column}_low`, `${column}_high`].map((name) => numberOf(row[name]));
  return { value, low, high };
}

/** Returns the number in a field; NaN for none. */
const numberOf = (field = '') => {
  if (field === 'inf') return Number.POSITIVE_INFINITY;
  return field === '' ? Number.NaN : Number(field);
};

/**
 * Returns what an arm does: its family, whose arms differ in strength alone.
 * @param arm an arm of a specification
 */
export function familyOf({
  name,
  policy,
  schedule,
  target,
  cache,
  guidance,
  reminder,
  repeatEvery,
  noSystem,
}) {
  if (noSystem) return 'no system message';
  if (reminder !== undefined) return 'reminder';
  if (repeatEvery !== null) return 'repetition';
  if (guidance !== null) return 'guidance';
  if (policy === 'off') return 'untouched';
  if (schedule?.kind !== 'constant') return name;
  const on = target.kind === 'random' ? 'a random span' : `the ${target.kind}`;
  return `${policy} on ${on}${cache === 'clean' ? ', clean cache' : ''}`;
}

/** Returns a model's name without what all of them are and its file's quantisation, or which training seed of the embedded model it is. */
function labelOf({ name, trained }) {
  if (trained !== undefined) return `embedded model, seed ${trained.seed}`;
  return name === 'organism' ? 'embedded model' : name.replace(/-Instruct|\.(Q\d\w*|F\d+|BF16)$/g, '');
}

function readTable(file) {
  if (!existsSync(file)) return [];
  const [heading, ...records] = parseCsv(readFileSync(file, 'utf8'), (problem, line) => {
    return new Error(`${file}, line ${line}: ${problem}`);
  });
  return records.map(({ fields }) =>
    Object.fromEntries(heading.fields.map((name, at) => [name, fields[at]])),
  );
}

/** Returns the row of a table about the untouched model. */
export const offIn = (model, table) => model.rows(table, { arm: 'off' })[0];

/** Returns the row about an arm's influence beside the first reference, its costs, or its late obedience beside the untouched model's. */
export const influenceOf = (model, arm) =>
  model.rows('influence', { arm, reference: firstReference(model) })[0];
export const costOf = (model, arm) => model.rows('costs', { arm })[0];
export const effectOf = (model, arm) => model.rows('differences', { arm, against: 'off', rounds: 'late' })[0];
