import { expect, it } from 'vitest';
import { dequantize } from '../../formats/index.js';
import { exactHalves } from './halves.js';

it('gives every normal f16 and both zeros as they are', () => {
  const normal = (half: number): boolean => {
    const exponent = (half >> 10) & 31;
    return (half & 0x7fff) === 0 || (exponent > 0 && exponent < 31);
  };
  const all = Uint16Array.from({ length: 65_536 }, (_, half) => half).filter(normal);
  const values = dequantize('F16', new Uint8Array(all.buffer));
  expect(exactHalves(values)).toEqual(all);
});

it.each([
  ['between two', 1 + 2 ** -11],
  ['below the normal ones', 2 ** -15],
  ['above the largest', 65_536],
  ['NaN', Number.NaN],
  ['infinite', Number.NEGATIVE_INFINITY],
])('gives none if one number is %s', (_, value) => {
  expect(exactHalves(Float32Array.of(1, value, 0.5))).toBeNull();
});
