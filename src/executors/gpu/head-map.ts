import { isIdentityMap, type RowMap } from '../../attention/index.js';
import { HEAD_MAP_FIELDS, type HeadMapField } from '../../kernels/head-map.js';
import { NEVER } from '../../kernels/pass.js';

/** log x, with a number in place of −∞. */
const log = (x: number): number => Math.max(NEVER, Math.log(x));

/** The kernels' parts of each field of a row map. A field that is missing here does not compile. */
const MAP_PARTS = {
  exponent: { exponent: (k) => k },
  multiplier: { log_multiplier: log },
  floor: { log_floor: log, log_outside_floor: (psi) => log(1 - psi) },
  cap: { log_cap: log, log_outside_cap: (kappa) => log(1 - kappa) },
} satisfies Record<keyof RowMap, Partial<Record<HeadMapField, (value: number) => number>>>;

const FIELDS = Object.keys(MAP_PARTS) as readonly (keyof RowMap)[];

/** A head's numbers, in the order of `HEAD_MAP_FIELDS`. */
export function headMapNumbers(map: RowMap, gain: 0 | 1): readonly number[] {
  const numbers = new Map<string, number>([
    ['acts', isIdentityMap(map) ? 0 : 1],
    ['gain', gain],
  ]);
  for (const field of FIELDS) {
    for (const [part, of] of Object.entries(MAP_PARTS[field])) numbers.set(part, of(map[field]));
  }
  return HEAD_MAP_FIELDS.map((field) => numbers.get(field)!);
}
