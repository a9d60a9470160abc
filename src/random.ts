/**
 * xoshiro128** 1.1 (Blackman and Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c): 32 bits at a time
 * from 128 bits of state. It is small, fast and, unlike `Math.random`, the same on every machine.
 * @param state four 32-bit words, not all zero
 * @returns a function that returns the next 32 bits as an unsigned number
 */
export function xoshiro128(state: Uint32Array): () => number {
  // Variables are twice as fast as the elements of an array.
  let [a, b, c, d] = Int32Array.from(state) as unknown as [number, number, number, number];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

/**
 * Returns a generator of numbers in [0, 1): 53 bits of {@link xoshiro128} each. splitmix32 (the finaliser of
 * MurmurHash3 over a Weyl sequence) fills the state from the seed, so that neighbouring seeds give unrelated numbers.
 * @param seed a whole number from 0 to 2^53 − 1
 */
export function createRandom(seed: number): () => number {
  let word = (seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b);
  const state = Uint32Array.from({ length: 4 }, () => {
    word = (word + 0x9e3779b9) | 0;
    let mixed = word ^ (word >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  });
  const next = xoshiro128(state);
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
