import { loadChoices } from '../../material/index.js';
import type { SourceSpec, StudySpec } from '../spec/index.js';
import { type PlacedSpec, type Places, specError, wordsOf } from '../spec/index.js';
import type { ModelFacts } from './address.js';
import { type Found, rankingStart } from './expand.js';
import { modelFacts } from './model-facts.js';
import { type OpenedSource, openSource } from './open-source.js';
import { needsRanking, resolveArm } from './resolve-arm.js';

/** What is wrong with something that a specification names. */
interface Complaint {
  readonly key: keyof Places;
  readonly name: string;
  readonly text: string;
}

/**
 * Finds what a specification names: models are looked at, and loaded only where their cells are computed; recorded
 * dialogues, questions and material are read.
 * @param file how errors name the specification
 * @throws HoldfastError `E_SPEC` with all that is not there, cannot be read, or has not what is asked of it, each with
 * line and column
 */
export async function findNamed({ spec, places }: PlacedSpec, file: string): Promise<Found> {
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
  // Questions that cannot be read were told once, and not again with every source.
  const costs = questions === null ? { ...spec.costs, choice: null } : spec.costs;
  const sources = new Map<string, OpenedSource>();
  for (const source of spec.sources) {
    const opened = await attempt('sources', source.name, () => openSource(source, costs));
    if (opened !== null) sources.set(source.name, opened);
  }
  const found = { models, sources };
  complaints.push(...complaintsAbout(spec, found));
  if (complaints.length === 0) return found;
  const problems = complaints.map(({ key, name, text }) => ({
    ...places[key].get(name)!,
    text: `${key}: ${text}`,
  }));
  throw specError(problems, file);
}

/** What a study asks of the sources and models that were found, and they have not. */
export function complaintsAbout(spec: StudySpec, { models, sources }: Found): Complaint[] {
  const short = spec.sources.flatMap((source): Complaint[] => {
    const size = sources.get(source.name)?.scenarios.size ?? null;
    const text = size === null ? null : tooFew(spec, source, size);
    return text === null ? [] : [{ key: 'sources', name: source.name, text }];
  });
  const headless = [...models].flatMap(([model, facts]) => {
    // Whichever heads are ranked first, they are as many.
    const alike = Array.from({ length: facts.grid.layers * facts.grid.heads }, () => 0);
    return spec.arms.flatMap((arm): Complaint[] => {
      try {
        resolveArm(arm, facts, { share: alike, decay: alike });
        return [];
      } catch (error) {
        const which = models.size > 1 ? ` (model ${model})` : '';
        return [{ key: 'arms', name: arm.name, text: `${wordsOf(error)}${which}` }];
      }
    });
  });
  return [...short, ...headless];
}

function tooFew(spec: StudySpec, source: SourceSpec, size: number): string | null {
  const ranked = spec.arms.some(needsRanking) ? spec.rankingDialogues : 0;
  const end = ranked === 0 ? source.first + source.dialogues : rankingStart(spec, source) + ranked;
  if (end <= size) return null;
  const asked = `the source "${source.name}" has ${size} dialogues, the study asks for numbers ${source.first} to ${end - 1}`;
  return ranked === 0 ? asked : `${asked}, of which the last ${ranked} are for ranking heads`;
}
