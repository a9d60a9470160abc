import { describe, expect, it } from 'vitest';
import { armSpecOf } from '../../test/support/simulated-study.js';
import { curvesOf, isControl } from './arms.js';
import type { ReportedArm } from './study-result.js';

const off = armSpecOf({ name: 'off', start: 1, slope: 0 });
const arm = (name: string, settings: Partial<ReportedArm>): ReportedArm => ({ ...off, name, ...settings });
const constant = (strength: number) => ({ kind: 'constant' as const, strength });
const split = (strength: number, settings: Partial<ReportedArm> = {}): ReportedArm =>
  arm(`k ${strength}`, { policy: 'split-softmax', schedule: constant(strength), ...settings });

describe('a control', () => {
  it('acts elsewhere, at random or the other way round, or leaves the prompt out', () => {
    const controls = [
      split(0.7, { target: { kind: 'random', seed: 1 } }),
      split(0.7, { target: { kind: 'sink' } }),
      split(0.7, { target: { kind: 'template' } }),
      split(0.7, { target: { kind: 'not', of: { kind: 'message' } } }),
      split(0.7, { on: { kind: 'random', count: 3, seed: 1 } }),
      arm('cap', { policy: 'cap', schedule: constant(0.1) }),
      arm('silence', { silence: { kind: 'random', count: 3, seed: 1 } }),
      arm('none', { noSystem: true }),
    ];
    const others = [
      off,
      split(0.7),
      split(0.7, { target: { kind: 'content' }, on: { kind: 'top', count: 3, by: 'share' } }),
      arm('silence', { silence: { kind: 'top', count: 3, by: 'share' } }),
      arm('repeat', { repeatEvery: 4 }),
      arm('elsewhere', { target: { kind: 'sink' } }), // acts on nothing
    ];
    expect(controls.map(isControl)).toEqual(controls.map(() => true));
    expect(others.map(isControl)).toEqual(others.map(() => false));
  });
});

describe('the curves of a study', () => {
  it('have the arms that differ in strength alone, from the untouched model on', () => {
    const message = { target: { kind: 'message' } } as const;
    const curves = curvesOf([
      off,
      split(0.9),
      split(0.7),
      split(0.8, message),
      split(0.6, message),
      split(0.5, { on: { kind: 'grid', layers: [4], heads: null } }), // alone
      split(0.85, { ...message, cache: 'clean' }),
      split(0.65, { ...message, cache: 'clean' }),
      split(0.75, { cache: 'clean' }), // alone
      split(0.55, { on: { kind: 'grid', layers: [2, 3], heads: null } }),
      split(0.45, { on: { kind: 'grid', layers: [2, 3], heads: null } }),
      arm('growing', {
        policy: 'split-softmax',
        schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.1 },
      }),
      arm('to .3', { policy: 'split-softmax', schedule: { kind: 'target', share: 0.3 } }),
      arm('to .4', { policy: 'split-softmax', schedule: { kind: 'target', share: 0.4 } }),
      arm('γ 1.5', { guidance: 1.5 }),
      arm('γ 2', { guidance: 2 }),
      arm('every 2', { repeatEvery: 2 }),
      arm('every 4', { repeatEvery: 4 }),
      split(0.4, { repeatEvery: 4 }), // two treatments
      split(0.35, { reminder: true }),
      arm('reminded', { reminder: true }), // has no strength
      split(0.3, { silence: { kind: 'top', count: 1, by: 'share' } }),
    ]);
    expect(curves.map(({ name, arms }) => [name, arms])).toEqual([
      ['split-softmax, target prefix', ['off', 'k 0.9', 'k 0.7']],
      ['split-softmax', ['off', 'k 0.8', 'k 0.6']],
      ['split-softmax, clean cache', ['off', 'k 0.85', 'k 0.65']],
      ['split-softmax, target prefix, heads layers 2 3', ['off', 'k 0.55', 'k 0.45']],
      ['split-softmax to a share, target prefix', ['off', 'to .3', 'to .4']],
      ['guidance', ['off', 'γ 1.5', 'γ 2']],
      ['repetition', ['off', 'every 2', 'every 4']],
    ]);
  });

  it('do without an untouched arm', () => {
    expect(curvesOf([split(0.9), split(0.7)])).toEqual([
      { name: 'split-softmax, target prefix', arms: ['k 0.9', 'k 0.7'] },
    ]);
  });
});
