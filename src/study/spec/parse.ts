import { dirname, isAbsolute, join } from 'node:path';
import type { HoldFile } from '../../dialogue/index.js';
import { checkSampling, type SamplingOptions } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { type Moment, parseMoment } from '../../text/index.js';
import { type AnalysisFields, analysisSection, contrastsOf } from './analysis-plan.js';
import { armList, type PlacedArm, renamedNotices } from './arms.js';
import { checkInfluence, checkMeasured, influenceSection } from './influence.js';
import { checkMeasuredParts } from './measured-parts.js';
import { EMBEDDED, modelList } from './models.js';
import {
  anyNumber,
  attempt,
  complain,
  distinct,
  number,
  oneOrMore,
  type Placed,
  type Reader,
  type Readers,
  readFields,
  text,
} from './read-value.js';
import { checkRounds, everyRound } from './rounds.js';
import { type Locate, sourceList } from './sources.js';
import type { CalibrationSpec, CostsSpec, InfluenceSpec, ModelSpec, SourceSpec, StudySpec } from './spec.js';
import { type Place, type Problem, readYaml, type Tree } from './yaml-tree.js';

interface StudyFields {
  readonly name: string;
  readonly question: string;
  readonly now: Moment;
  readonly models: readonly Placed<ModelSpec>[];
  readonly sources: readonly Placed<SourceSpec>[];
  readonly seeds: readonly number[];
  readonly sampling: SamplingOptions;
  readonly 'max-tokens': number;
  readonly probes: readonly number[] | 'every';
  readonly 'probe-repeats': number;
  readonly arms: readonly PlacedArm[];
  readonly costs: CostsSpec;
  readonly influence: Placed<InfluenceSpec>;
  readonly calibrate: CalibrationSpec;
  readonly analysis: Partial<AnalysisFields>;
}

/** Temperature and top-p as in Li et al. 2024. */
const SAMPLING = { temperature: 1, topK: 0, topP: 0.9, minP: 0, repetitionPenalty: 1 };
const MAX_TOKENS = 400;
const CALIBRATION_DIALOGUES = 8;
/** Three probes after a round, each asked this often, still have seeds of their own. */
const MAX_REPEATS = 20;
/** Default number of held-out items to measure costs on. */
const COST_ITEMS = 24;

const whole = (from: number, to: number): Reader<number> => number({ from, to, whole: true });

/**
 * Reads and checks a study's specification. `docs/guide/study-spec.md` lists all keys and defaults.
 * @param file the path of the specification; paths in it are relative to its folder
 * @throws HoldfastError `E_SPEC` with all problems, each with line and column
 */
export function parseSpec(text: string, file: string): StudySpec {
  return parsePlacedSpec(text, file).spec;
}

/** The places in the file of models, sources and arms, by name, and of the costs (`choice`). */
export type Places = Readonly<Record<'models' | 'sources' | 'arms' | 'costs', ReadonlyMap<string, Place>>>;

/** A specification, with the places in its file for errors that are found later. */
export interface PlacedSpec {
  readonly spec: StudySpec;
  readonly places: Places;
  /** Notices of policies that the file calls by their former names. */
  readonly notices: readonly string[];
  /** The holds that arms took their settings from, by the arm's name. */
  readonly holds: ReadonlyMap<string, HoldFile>;
}

/** Does as {@link parseSpec}, and returns places as well, for checks that need the models and sources. */
export function parsePlacedSpec(text: string, file: string): PlacedSpec {
  const problems: Problem[] = [];
  const yaml = readYaml(text);
  if ('problems' in yaml) throw specError(yaml.problems, file);
  const spec = readStudy(yaml.tree, file, (problem) => problems.push(problem));
  if (spec === undefined || problems.length > 0) throw specError(problems, file);
  return spec;
}

/** Returns an `E_SPEC` error with all problems, in the order of the file. */
export function specError(problems: readonly Problem[], file: string): HoldfastError {
  const inOrder = [...problems]
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, text }) => `${line}:${column} ${text}`);
  const count = inOrder.length === 1 ? '' : `${inOrder.length} problems: `;
  return new HoldfastError('E_SPEC', `${count}${inOrder.join('; ')}`, { file, problems: inOrder });
}

function readersFor(locate: Locate): Readers<StudyFields> {
  return {
    name: studyName,
    question: text,
    now: moment,
    models: modelList(locate),
    sources: sourceList(locate),
    seeds: distinct(oneOrMore(whole(0, 2 ** 17 - 1))),
    sampling,
    'max-tokens': whole(1, 100_000),
    probes: everyRound,
    'probe-repeats': whole(1, MAX_REPEATS),
    arms: armList(locate),
    costs: costs(locate),
    influence: influenceSection,
    calibrate,
    analysis: analysisSection,
  };
}

function readStudy(tree: Tree, file: string, report: (problem: Problem) => void): PlacedSpec | undefined {
  const locate: Locate = (path) => (isAbsolute(path) ? path : join(dirname(file), path));
  const fields = readFields(tree, readersFor(locate), report, ['name', 'sources', 'arms']);
  if (fields?.name === undefined || fields.sources === undefined || fields.arms === undefined)
    return undefined;
  const { models = [{ value: EMBEDDED, tree }] } = fields;
  const sources = fields.sources.map(({ value }) => value);
  const longest = Math.max(...sources.map(({ rounds }) => rounds));
  const shortest = Math.min(...sources.map(({ rounds }) => rounds));
  const half = Math.max(1, Math.floor(shortest / 2));
  const { probes = 'every' } = fields;
  const { analysis = {} } = fields;
  const early = analysis.early ?? [1, Math.max(1, Math.min(3, half, (analysis.late?.[0] ?? half + 1) - 1))];
  const late = analysis.late ?? [
    Math.min(shortest, Math.max(Math.ceil(shortest / 2), early[1] + 1)),
    shortest,
  ];
  const probeRounds =
    probes === 'every' ? Array.from({ length: longest }, (_, index) => index + 1) : [...probes];
  checkRounds(tree, report, { sources, probeRounds, early, late });
  const arms = fields.arms.map(({ value }) => value);
  const { influence } = fields;
  if (influence !== undefined) checkInfluence(influence, { sources, arms, early, late }, report);
  checkMeasured(analysis.primary ?? null, influence, tree, report);
  const primary = analysis.primary ?? null;
  const contrasts = contrastsOf(analysis.contrasts, { arms, primary }, report);
  checkMeasuredParts(fields.arms, { primary, contrasts, influence: influence !== undefined }, report);
  const spec = {
    name: fields.name,
    question: fields.question ?? null,
    now: fields.now ?? null,
    models: models.map(({ value }) => value),
    sources,
    seeds: fields.seeds ?? [0],
    sampling: fields.sampling ?? SAMPLING,
    maxTokens: fields['max-tokens'] ?? MAX_TOKENS,
    probeRounds: probeRounds.sort((a, b) => a - b),
    probeRepeats: fields['probe-repeats'] ?? 1,
    arms,
    costs: fields.costs ?? { kl: COST_ITEMS, perplexity: COST_ITEMS, choice: null },
    influence: influence?.value ?? null,
    calibrate: fields.calibrate ?? { dialogues: CALIBRATION_DIALOGUES },
    primary,
    early,
    late,
    contrasts,
    margin: analysis.margin ?? null,
  };
  const places = {
    models: placesOf(models),
    sources: placesOf(fields.sources),
    arms: placesOf(fields.arms),
    costs: new Map([['choice', placeOf(tree, 'costs')]]),
  };
  const holds = new Map(
    fields.arms.flatMap(({ value, hold }) => (hold === null ? [] : [[value.name, hold] as const])),
  );
  return { spec, places, notices: renamedNotices(fields.arms), holds };
}

/** Returns the place of a key, or of the mapping that lacks it. */
function placeOf(tree: Tree, key: string): Place {
  const entry = tree.kind === 'map' ? tree.entries.find((entry) => entry.key === key) : undefined;
  return (entry ?? tree).at;
}

function placesOf(things: readonly Placed<{ readonly name: string }>[]): ReadonlyMap<string, Place> {
  return new Map(things.map(({ value, tree }) => [value.name, tree.at]));
}

/** Reads a sampling option. The engine checks its range. */
function samplingOption(name: keyof SamplingOptions): Reader<number> {
  return (tree, report) => {
    const value = anyNumber(tree, report);
    return value === undefined
      ? undefined
      : attempt(tree, report, () => checkSampling({ [name]: value })[name]);
  };
}

const sampling: Reader<SamplingOptions> = (tree, report) => {
  const readers = {
    temperature: samplingOption('temperature'),
    'top-p': samplingOption('topP'),
    'top-k': samplingOption('topK'),
    'min-p': samplingOption('minP'),
    'repetition-penalty': samplingOption('repetitionPenalty'),
  };
  const fields = readFields<{ readonly [Key in keyof typeof readers]: number }>(tree, readers, report);
  if (fields === undefined) return undefined;
  return {
    temperature: fields.temperature ?? SAMPLING.temperature,
    topK: fields['top-k'] ?? SAMPLING.topK,
    topP: fields['top-p'] ?? SAMPLING.topP,
    minP: fields['min-p'] ?? SAMPLING.minP,
    repetitionPenalty: fields['repetition-penalty'] ?? SAMPLING.repetitionPenalty,
  };
};

/** Reads a name that can be a folder name on any system. */
const studyName: Reader<string> = (tree, report) => {
  const name = text(tree, report);
  if (name === undefined || /^[\w-][\w.-]{0,63}$/.test(name)) return name;
  complain(tree, report, 'expected at most 64 letters, digits, "-", "_" and ".", not starting with "."');
  return undefined;
};

const moment: Reader<Moment> = (tree, report) => {
  const written = text(tree, report);
  return written === undefined ? undefined : attempt(tree, report, () => parseMoment(written));
};

const calibrate: Reader<CalibrationSpec> = (tree, report) => {
  const fields = readFields<CalibrationSpec>(tree, { dialogues: whole(1, 10_000) }, report);
  return fields && { dialogues: fields.dialogues ?? CALIBRATION_DIALOGUES };
};

function costs(locate: Locate): Reader<CostsSpec> {
  interface Fields {
    readonly kl: number;
    readonly perplexity: number;
    readonly choice: CostsSpec['choice'];
  }
  const items = whole(0, 100_000);
  return (tree, report) => {
    if (tree.kind === 'scalar' && tree.value === 'none') return { kl: 0, perplexity: 0, choice: null };
    const readers: Readers<Fields> = { kl: items, perplexity: items, choice: choice(locate) };
    const fields = readFields(tree, readers, report);
    return (
      fields && {
        kl: fields.kl ?? COST_ITEMS,
        perplexity: fields.perplexity ?? COST_ITEMS,
        choice: fields.choice ?? null,
      }
    );
  };
}

/** Reads `none`, `bundled`, a path, or a mapping of `file` and the number of `questions`. */
function choice(locate: Locate): Reader<CostsSpec['choice']> {
  const located = (file: string): string => (file === 'bundled' ? file : locate(file));
  return (tree, report) => {
    if (tree.kind !== 'map') {
      const file = text(tree, report);
      if (file === undefined) return undefined;
      return file === 'none' ? null : { file: located(file), questions: null };
    }
    const readers = { file: text, questions: whole(1, 100_000) };
    const fields = readFields<{ readonly file: string; readonly questions: number }>(tree, readers, report, [
      'file',
    ]);
    if (fields?.file === undefined) return undefined;
    return { file: located(fields.file), questions: fields.questions ?? null };
  };
}
