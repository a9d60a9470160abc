/** Readers of the fields that only one family knows. They return null for a field that is absent or null. */
export interface OwnFields {
  /** @throws HoldfastError `E_CONFIG` for anything but a finite number */
  readonly number: (field: string) => number | null;
  /** @throws HoldfastError `E_CONFIG` for anything but a list of at least `atLeast` finite numbers */
  readonly numbers: (field: string, atLeast: number) => readonly number[] | null;
}

/**
 * Returns readers of a family's own fields.
 * @param read returns a field's value, by its name in config.json
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
      return fail(field, `expected a list of at least ${atLeast} finite numbers`);
    },
  };
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
