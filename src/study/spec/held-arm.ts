import { type Policy, parseTarget, type Schedule, type Target } from '../../attention/index.js';
import { type HoldFile, readHold } from '../../dialogue/index.js';
import { HoldfastError } from '../../errors.js';
import { readTextNow } from '../../files/index.js';
import { parseJson } from '../../formats/index.js';
import { hasKey, parsed, type Reader, type Report } from './read-value.js';
import type { Locate } from './sources.js';
import type { HeadChoice } from './spec.js';
import type { Tree } from './yaml-tree.js';

/** The policy of an arm. Several schedules or targets stand for several arms. */
export interface Treatment {
  readonly policy: Policy;
  readonly schedules: readonly (Schedule | null)[];
  readonly targets: readonly Target[];
}

/** Reads the path of a hold, and the hold in the file. */
export const holdFrom = (locate: Locate): Reader<HoldFile> =>
  parsed((path) => {
    const file = locate(path);
    const json = parseJson(
      readTextNow(file),
      (why, cause) => new HoldfastError('E_UNREADABLE', `not JSON: ${why}`, { file, cause }),
    );
    return readHold(json, file);
  });

/** Returns the policy of a hold, which has all that a policy needs. */
export function heldTreatment(tree: Tree, hold: HoldFile | null, report: Report): Treatment | undefined {
  const own = ['policy', 'strength', 'schedule', 'target', 'layers', 'heads', 'knock-out'];
  const ofHold = hold?.settings.cache === undefined ? own : [...own, 'cache'];
  const other = ofHold.find((key) => hasKey(tree, key));
  if (other !== undefined)
    report({ ...tree.at, text: `${other}: cannot be combined with hold, which has it` });
  if (hold === null) return undefined;
  const { policy, schedule, target } = hold.settings;
  if (policy === 'off') {
    report({ ...tree.at, text: 'hold: the file says that nothing helps: use the arm off' });
    return undefined;
  }
  return { policy, schedules: [schedule], targets: [parseTarget(target)] };
}

/** Returns the heads that a hold acts on. */
export function headsOfHold({ settings: { layers, heads, pairs } }: HoldFile): HeadChoice {
  if (pairs !== null) return { kind: 'pairs', pairs };
  return (layers ?? heads) === null ? { kind: 'all' } : { kind: 'grid', layers, heads };
}
