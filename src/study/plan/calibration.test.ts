import { describe, expect, it } from 'vitest';
import { scenariosOf } from '../../../test/support/study-fixtures.js';
import type { ScenarioSource } from '../../scenario/index.js';
import { parseSpec, type StudySpec } from '../spec/index.js';
import { calibrationOf } from './calibration.js';
import { openSource } from './open-source.js';

const specOf = (sources: string, dialogues: number): StudySpec =>
  parseSpec(`name: x\nsources: ${sources}\narms: [off]\ncalibrate: { dialogues: ${dialogues} }`, 'x.yaml');

/** Returns scenarios that take a number of prompts in turn. */
const inTurn = (prompts: number, size: number | null): ScenarioSource =>
  scenariosOf((index) => ({ prompt: index % prompts }), 4, size);

const calibrated = (spec: StudySpec, source: ScenarioSource) =>
  calibrationOf(spec, spec.sources[0]!, new Map(spec.sources.map(({ name }) => [name, source])));

describe('calibration dialogues', () => {
  it('are the last ones of a source', () => {
    expect(calibrated(specOf('[organism: { dialogues: 5 }]', 3), inTurn(20, 20))).toEqual({
      indices: [17, 18, 19],
      skipped: null,
    });
  });

  it('have no prompt of the test, also where a source repeats its prompts', () => {
    const { indices, skipped } = calibrated(specOf('[organism: { dialogues: 7 }]', 5), inTurn(10, null));
    expect(indices.map((index) => index % 10).every((prompt) => prompt > 6)).toBe(true);
    expect(indices).toHaveLength(5);
    expect(skipped).toBe('dialogue 1048575 has the prompt of the test dialogue 5');
  });

  it('are missing if the test has every prompt, which names a dialogue of both', () => {
    expect(calibrated(specOf('[organism: { dialogues: 10 }]', 3), inTurn(10, null))).toEqual({
      indices: [],
      skipped: 'dialogue 1048575 has the prompt of the test dialogue 5',
    });
  });

  it('have no prompt of the test of another source', () => {
    const spec = specOf(
      '[organism: { dialogues: 2 }, { organism: { dialogues: 2, first: 8, name: more } }]',
      3,
    );
    expect(calibrated(spec, inTurn(10, 10))).toEqual({
      indices: [5, 6, 7],
      skipped: 'dialogue 9 has the prompt of the test dialogue 9 of "more"',
    });
  });

  it('of a source with one prompt are other dialogues', () => {
    expect(calibrated(specOf('[organism: { dialogues: 4 }]', 2), inTurn(1, 6)).indices).toEqual([4, 5]);
    const { indices, skipped } = calibrated(specOf('[organism: { dialogues: 4 }]', 2), inTurn(1, 5));
    expect({ indices, skipped }).toEqual({ indices: [4], skipped: 'dialogue 3 is a test dialogue' });
  });

  it.each([
    '[organism: { dialogues: 200 }]',
    '[self-chat: { dialogues: 100 }]',
    '[self-chat: { dialogues: 24, groups: [persona, pattern] }]',
    '[script: { script: curious, dialogues: 100 }]',
    '[primed: { script: curious, dialogues: 100 }]',
  ])('share no prompt with the test of the real source %s', (sources) => {
    const spec = specOf(sources, 24);
    const [source] = spec.sources;
    const { scenarios } = openSource(source!, { kl: 0, perplexity: 0, choice: null });
    const { indices } = calibrationOf(spec, source!, new Map([[source!.name, scenarios]]));
    expect(indices).toHaveLength(24);
    const tested = new Set(
      Array.from({ length: source!.dialogues }, (_, index) => scenarios.at(index).system),
    );
    for (const index of indices) expect(tested.has(scenarios.at(index).system), String(index)).toBe(false);
  });
});
