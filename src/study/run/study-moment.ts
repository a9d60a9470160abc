import { HoldfastError } from '../../errors.js';
import { currentMoment, type Moment, parseMoment } from '../../text/index.js';
import type { Shard, Study } from '../plan/index.js';

/**
 * Returns the moment of a study, the same for all its cells: that of the specification; else the one that the folder
 * records; else the given one; else the current one.
 * @throws HoldfastError `E_USAGE` when the given one differs from the study's, and when a shard has none and a template
 * can write it: each shard would have its own
 */
export function studyMoment(
  { spec, models }: Pick<Study, 'models'> & { readonly spec: Pick<Study['spec'], 'now'> },
  recorded: Moment | null,
  { now, shard }: { readonly now?: string | undefined; readonly shard: Shard | null },
): Moment {
  const given = now === undefined ? null : parseMoment(now);
  const own = spec.now ?? recorded;
  if (own !== null) {
    if (given === null || given === own) return own;
    throw new HoldfastError('E_USAGE', `the study has the moment ${own}, and another was given: ${given}`, {
      field: 'now',
      hint: 'Leave out --now, or choose another --out and a specification without this moment',
    });
  }
  if (given !== null) return given;
  const writers = models.filter(({ mayWriteTime }) => mayWriteTime).map(({ name }) => name);
  if (shard !== null && writers.length > 0) {
    throw new HoldfastError(
      'E_USAGE',
      `the shards need one moment, because the chat template of ${writers.join(', ')} can write the date or time`,
      {
        field: 'now',
        hint: `Add "now: ${currentMoment()}" to the specification, or give every shard the same --now`,
      },
    );
  }
  return currentMoment();
}
