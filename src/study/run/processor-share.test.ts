import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { processorShare } from './processor-share.js';

const timing = (totalMs: number) => ({ address: 'a', totalMs, executorMs: 0, decodedTokens: 1 });
const used = (ms: number) => ({ user: 800 * ms, system: 200 * ms });

describe('the processor share of measured cells', () => {
  it('is what the process used of the time of their threads', () => {
    expect(processorShare([timing(46_000), timing(47_000)], 1, used(4650))).toBeCloseTo(0.05, 9);
    expect(processorShare([timing(1000)], 4, used(1000))).toBeCloseTo(0.25, 9);
    expect(processorShare([timing(1000)], null, used(1000))).toBeCloseTo(1 / availableParallelism(), 9);
  });

  it('is at most 1, also if models were loaded meanwhile, or nothing was measured', () => {
    expect(processorShare([timing(1000)], 1, used(5000))).toBe(1);
    expect(processorShare([], 1, used(5000))).toBe(1);
  });
});
