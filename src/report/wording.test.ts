import { describe, expect, it } from 'vitest';
import { durationText, estimateText, verdictOf } from './wording.js';

describe('a verdict', () => {
  it('takes a side only if the whole interval is on it', () => {
    expect(verdictOf({ value: 0.2, low: 0.01, high: 0.4 })).toBe('above');
    expect(verdictOf({ value: -0.2, low: -0.4, high: -0.01 })).toBe('below');
    expect(verdictOf({ value: 0.2, low: -0.01, high: 0.4 })).toBe('unclear');
    expect(verdictOf({ value: 0.2, low: 0, high: 0.4 })).toBe('unclear');
    expect(verdictOf({ value: 0, low: 0, high: 0 })).toBe('unclear');
  });
});

describe('the text of an estimate', () => {
  it('has two digits, and its interval in brackets', () => {
    expect(estimateText({ value: 0.934, low: 0.9, high: 0.956 })).toBe('0.93 [0.90, 0.96]');
  });

  it('shows the signs of a difference, and no sign for zero', () => {
    expect(estimateText({ value: 0.12, low: -0.051, high: 0.2 }, { signed: true })).toBe(
      '+0.12 [−0.05, +0.20]',
    );
    expect(estimateText({ value: -0.001, low: -0.004, high: 0.004 }, { signed: true })).toBe(
      '0.00 [0.00, 0.00]',
    );
  });
});

describe('the interval of a difference that excludes zero', () => {
  it('has no number that is written as zero', () => {
    expect(estimateText({ value: 0.00041, low: 0.0002, high: 0.0006 }, { signed: true, digits: 3 })).toBe(
      '+0.0004 [+0.0002, +0.0006]',
    );
    expect(estimateText({ value: 0, low: 0.001, high: 0.002 }, { signed: true })).toBe(
      '0.00 [+0.001, +0.002]',
    );
    expect(estimateText({ value: -0.15, low: -0.28, high: -0.00134 }, { signed: true })).toBe(
      '−0.15 [−0.28, −0.001]',
    );
    expect(estimateText({ value: 0.7, low: 0.046, high: 1.5 }, { signed: true, digits: 1 })).toBe(
      '+0.7 [+0.05, +1.5]',
    );
    expect(estimateText({ value: 0.1, low: 0, high: 0.3 }, { signed: true })).toBe('+0.10 [0.00, +0.30]');
  });
});

describe('an infinite number', () => {
  const style = { digits: 0, infinite: 'not reached' };

  it('has a word, once if the ends are infinite too', () => {
    const infinite = Number.POSITIVE_INFINITY;
    expect(estimateText({ value: 8, low: 6, high: infinite }, style)).toBe('8 [6, not reached]');
    expect(estimateText({ value: infinite, low: 6, high: infinite }, style)).toBe(
      'not reached [6, not reached]',
    );
    expect(estimateText({ value: infinite, low: infinite, high: infinite }, style)).toBe('not reached');
    expect(estimateText({ value: infinite, low: Number.NaN, high: Number.NaN }, style)).toBe('not reached');
  });
});

describe('a duration', () => {
  it.each([
    [0, '0 s'],
    [1, '1 s'],
    [99_000, '99 s'],
    [120_000, '2 min'],
    [5_400_000, '90 min'],
    [7_500_000, '2 h 05 min'],
    [400_000_000, '111 h 07 min'],
  ])('of %i ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
