import { expect, it } from 'vitest';

// vitest.config.ts adds the comparison of test/support/equal-bytes.ts to every test.
it('toEqual compares arrays of numbers by their bytes, and means the same as before', () => {
  const numbers = Float32Array.from({ length: 99 }, (_, index) => index / 7);
  expect({ of: [numbers] }).toEqual({ of: [numbers.slice()] });
  expect(numbers.subarray(1)).toEqual(numbers.slice(1));
  expect(new Float32Array(1)).not.toEqual(new Float32Array([-0]));
  expect(new Float32Array(2)).not.toEqual(new Uint8Array(8));
  const other = numbers.slice();
  other[98] = 0;
  expect(() => expect(numbers).toEqual(other)).toThrow('to deeply equal');
  expect(() => expect(numbers).not.toEqual(numbers.slice())).toThrow('to not deeply equal');
  // Two encodings of NaN are the same number.
  const encodings = new Uint32Array([0x7fc00000, 0x7fc00001]);
  const [one, two] = [0, 4].map((offset) => new Float32Array(encodings.buffer, offset, 1));
  expect(one).toEqual(two);
});
