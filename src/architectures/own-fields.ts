/** Reads the fields that one family alone knows; a field that is absent or null is null. */
export interface OwnFields {
  /** @throws HoldfastError `E_CONFIG` for anything but a finite number */
  readonly number: (field: string) => number | null;
  /** @throws HoldfastError `E_CONFIG` for anything but a list of so many finite numbers or more */
  readonly numbers: (field: string, atLeast: number) => readonly number[] | null;
}

/**
 * @param read the value of a field of that name in config.json, wherever it comes from
 * @param fail throws an error that names the field
 */
export function ownFields(
  read: (field: string) => unknown,
  fail: (field: string, what: string) => never,
): OwnFields {
  return {
    number: (field) => {
      const value = read(field) ?? null;
      return value === null || isNumber(value) ? value : fail(field, 'expected a finite number');
    },
    numbers: (field, atLeast) => {
      const value = read(field) ?? null;
      if (value === null) return value;
      if (Array.isArray(value) && value.length >= atLeast && value.every(isNumber)) return value;
      return fail(field, `expected a list of ${atLeast} finite numbers`);
    },
  };
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
