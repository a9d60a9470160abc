import { holdNotes } from '../../dialogue/index.js';
import { type PlacedSpec, specError, wordsOf } from '../spec/index.js';
import type { ModelFacts } from './address.js';

/**
 * Returns a notice for each arm whose hold was made for another model than the study's.
 * @param file the path of the specification, for errors
 * @throws HoldfastError `E_SPEC` if a hold names layers or heads of a model of another shape
 */
export function heldArmNotices(
  { holds, places }: Pick<PlacedSpec, 'holds' | 'places'>,
  models: ReadonlyMap<string, ModelFacts>,
  file: string,
): string[] {
  return [...holds].flatMap(([arm, hold]) =>
    [...models].flatMap(([name, { hash, grid }]) => {
      try {
        return holdNotes(hold, { name, hash, grid }).map((note) => `the arm "${arm}": ${note}`);
      } catch (error) {
        throw specError([{ ...places.arms.get(arm)!, text: `arms: ${wordsOf(error)}` }], file);
      }
    }),
  );
}
