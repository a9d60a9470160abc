import { loadChoices } from '../../material/index.js';
import type { ScenarioSource } from '../../scenario/index.js';
import type { ArmSpec, InfluenceSpec, SourceSpec, StudySpec } from '../spec/index.js';
import { type PlacedSpec, type Places, specError, wordsOf } from '../spec/index.js';
import type { ModelFacts } from './address.js';
import { calibrationOf, needsCalibration, testIndices } from './calibration.js';
import { type Found, scenariosOf } from './expand.js';
import { measuredIndices } from './influence-cells.js';
import { modelFacts } from './model-facts.js';
import { type OpenedSource, openSource } from './open-source.js';
import { resolveArm } from './resolve-arm.js';

/** A problem of a model, source, arm or cost that a specification names. */
interface Complaint {
  readonly key: keyof Places;
  readonly name: string;
  readonly text: string;
}

/**
 * Finds the models and sources that a specification names. Reads material, questions and recorded dialogues, and the
 * facts of each model. Models are not loaded here but where their cells are computed.
 * @param file the path of the specification, for errors
 * @param calibrates whether its calibration dialogues are needed, also if no arm is chosen on them
 * @throws HoldfastError `E_SPEC` with everything that is missing, unreadable or insufficient, each with line and column
 */
export async function findNamed(
  { spec, places }: Pick<PlacedSpec, 'spec' | 'places'>,
  file: string,
  calibrates = false,
): Promise<Found> {
  const complaints: Complaint[] = [];
  const attempt = async <T>(key: keyof Places, name: string, find: () => T): Promise<Awaited<T> | null> => {
    try {
      return await find();
    } catch (error) {
      complaints.push({ key, name, text: wordsOf(error) });
      return null;
    }
  };
  const models = new Map<string, ModelFacts>();
  for (const model of spec.models) {
    const facts = await attempt('models', model.name, () => modelFacts(model));
    if (facts !== null) models.set(model.name, facts);
  }
  const { choice } = spec.costs;
  const questions = choice && (await attempt('costs', 'choice', () => loadChoices(choice.file)));
  if (choice && questions && choice.questions !== null && choice.questions > questions.length) {
    const text = `${choice.file} has only ${questions.length} questions, and the study asks for ${choice.questions}`;
    complaints.push({ key: 'costs', name: 'choice', text });
  }
  // Unreadable questions are reported once, not again for every source.
  const costs = questions === null ? { ...spec.costs, choice: null } : spec.costs;
  const sources = new Map<string, OpenedSource>();
  for (const source of spec.sources) {
    const opened = await attempt('sources', source.name, () => openSource(source, costs));
    if (opened !== null) sources.set(source.name, opened);
  }
  const found = { models, sources };
  complaints.push(...complaintsAbout(spec, found, calibrates));
  if (complaints.length === 0) return found;
  const problems = complaints.map(({ key, name, text }) => ({
    ...places[key].get(name)!,
    text: `${key}: ${text}`,
  }));
  throw specError(problems, file);
}

/** Returns what the study needs but its sources and models lack: dialogues, layers, heads. */
export function complaintsAbout(spec: StudySpec, found: Found, calibrates = false): Complaint[] {
  const { models, sources } = found;
  const short = spec.sources.flatMap((source): Complaint[] => {
    const size = sources.get(source.name)?.scenarios.size ?? null;
    const text = size === null ? null : tooFew(source, size);
    return text === null ? [] : [{ key: 'sources', name: source.name, text }];
  });
  const headless = [...models].flatMap(([model, facts]) => {
    // Heads are not ranked yet. Equal scores suffice, since only the number of heads is checked.
    const alike = Array.from({ length: facts.grid.layers * facts.grid.heads }, () => 0);
    const which = models.size > 1 ? ` (model ${model})` : '';
    return spec.arms.flatMap((arm) => {
      // An arm's own heads and those that it silences are both checked, whatever is wrong with the others.
      const parts: ArmSpec[] = [
        { ...arm, silence: null },
        { ...arm, policy: 'off', schedule: null },
      ];
      return parts.flatMap((part): Complaint[] => {
        try {
          resolveArm(part, facts, { share: alike, decay: alike });
          return [];
        } catch (error) {
          return [{ key: 'arms', name: arm.name, text: `${wordsOf(error)}${which}` }];
        }
      });
    });
  });
  const calibrated = calibrates || needsCalibration(spec);
  const uncalibrated = calibrated && short.length === 0 ? complaintsAboutCalibration(spec, found) : [];
  return [...short, ...complaintsAboutReferences(spec, found), ...uncalibrated, ...headless];
}

/** Returns the sources that lack what is to stand in for their prompts when influence is measured. */
function complaintsAboutReferences({ influence, sources }: StudySpec, found: Found): Complaint[] {
  if (influence === null) return [];
  return sources.flatMap((source): Complaint[] => {
    const scenarios = found.sources.get(source.name)?.scenarios;
    if (scenarios === undefined || tooFew(source, scenarios.size ?? Number.POSITIVE_INFINITY) !== null)
      return [];
    return [withoutOthers(influence, source, scenarios), withoutParaphrase(influence, source, scenarios)]
      .filter((text) => text !== null)
      .map((text) => ({ key: 'sources', name: source.name, text }));
  });
}

/** Says that all dialogues of a source have one prompt, if influence is to be measured beside that of another one. */
function withoutOthers(
  { references }: InfluenceSpec,
  source: SourceSpec,
  scenarios: ScenarioSource,
): string | null {
  if (!references.includes('others')) return null;
  const prompts = new Set(testIndices(source).map((index) => scenarios.at(index).system));
  if (prompts.size > 1 || scenarios.at(source.first).unrelated !== null) return null;
  return `all dialogues of the source "${source.name}" have one prompt, so influence has no others to compare with: use the reference none`;
}

/** Says which measured dialogues of a source have no paraphrase, if influence is to be measured beside it. */
function withoutParaphrase(
  influence: InfluenceSpec,
  source: SourceSpec,
  scenarios: ScenarioSource,
): string | null {
  const { references, paraphrases = {} } = influence;
  if (!references.includes('paraphrase')) return null;
  const names = measuredIndices(influence, source).map((index) => scenarios.at(index).id);
  const missing = names.filter((name) => !Object.hasOwn(paraphrases, name));
  if (missing.length === 0) return null;
  return `paraphrases has none of these prompts of the source "${source.name}", whose influence is measured: ${missing.join(', ')}`;
}

function tooFew({ name, first, dialogues }: SourceSpec, size: number): string | null {
  const end = first + dialogues;
  if (end <= size) return null;
  return `the source "${name}" has only ${size} dialogues (indices from 0), and the study uses indices ${first} to ${end - 1}`;
}

/** Returns the sources without enough dialogues to calibrate on that the test does not use. */
function complaintsAboutCalibration(spec: StudySpec, found: Found): Complaint[] {
  if (!spec.sources.every(({ name }) => found.sources.has(name))) return [];
  const scenarios = scenariosOf(found);
  return spec.sources.flatMap((source): Complaint[] => {
    const { first, skipped } = calibrationOf(spec, source, scenarios);
    if (first !== null) return [];
    const why = skipped === null ? '' : `: ${skipped}`;
    const text = `the source "${source.name}" has no ${spec.calibrate.dialogues} consecutive dialogues to calibrate on whose prompts are not tested${why}`;
    return [{ key: 'sources', name: source.name, text }];
  });
}
