/** A typed array that grows, for the values of many records. */
export interface Growing<Values extends Float64Array | Int32Array> {
  readonly length: number;
  push(value: number): void;
  /** Returns the values so far. */
  values(): Values;
}

const START = 1024;

/** Returns an empty list of 64-bit numbers. */
export const numbers = (): Growing<Float64Array> => growing((size) => new Float64Array(size));

/** Returns an empty list of integers. */
export const integers = (): Growing<Int32Array> => growing((size) => new Int32Array(size));

function growing<Values extends Float64Array | Int32Array>(make: (size: number) => Values): Growing<Values> {
  let kept = make(START);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === kept.length) {
        const larger = make(length + (length >> 1));
        larger.set(kept);
        kept = larger;
      }
      kept[length++] = value;
    },
    values: () => kept.subarray(0, length) as Values,
  };
}

/** Returns a function that numbers texts in the order in which they first occur. */
export function createCodes(): (text: string) => number {
  const known = new Map<string, number>();
  return (text) => {
    const code = known.get(text) ?? known.size;
    known.set(text, code);
    return code;
  };
}
