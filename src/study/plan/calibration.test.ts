import { describe, expect, it } from 'vitest';
import { scenariosOf } from '../../../test/support/study-fixtures.js';
import type { ScenarioSource } from '../../scenario/index.js';
import { parseSpec, type SourceSpec, type StudySpec } from '../spec/index.js';
import { calibrationOf, calibrationStudy, testIndices } from './calibration.js';
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
      first: 17,
      skipped: null,
    });
  });

  it('have no prompt of the test, also where a source repeats its prompts', () => {
    const { first, skipped } = calibrated(specOf('[organism: { dialogues: 7 }]', 3), inTurn(10, null));
    expect([0, 1, 2].map((offset) => (first! + offset) % 10)).toEqual([7, 8, 9]);
    expect(skipped).toBe('dialogue 1048575 has the prompt of the test dialogue 5');
  });

  it('are missing if the test has too many prompts, which names a dialogue of both', () => {
    expect(calibrated(specOf('[organism: { dialogues: 8 }]', 3), inTurn(10, null))).toEqual({
      first: null,
      skipped: 'dialogue 1048575 has the prompt of the test dialogue 5',
    });
  });

  it('have no prompt of the test of another source', () => {
    const spec = specOf(
      '[organism: { dialogues: 2 }, { organism: { dialogues: 2, first: 8, name: more } }]',
      3,
    );
    expect(calibrated(spec, inTurn(10, 10))).toEqual({
      first: 5,
      skipped: 'dialogue 9 has the prompt of the test dialogue 9 of "more"',
    });
  });

  it('of a source with one prompt are other dialogues', () => {
    expect(calibrated(specOf('[organism: { dialogues: 4 }]', 2), inTurn(1, 6)).first).toBe(4);
    expect(calibrated(specOf('[organism: { dialogues: 4 }]', 2), inTurn(1, 5))).toEqual({
      first: null,
      skipped: 'dialogue 3 is a test dialogue',
    });
  });

  it('are the same where a source says that it has one prompt, without a look at all its dialogues', () => {
    const spec = specOf('[organism: { dialogues: 4 }]', 2);
    let looks = 0;
    const source = inTurn(1, null);
    const at = (index: number) => {
      looks++;
      return source.at(index);
    };
    const told: ScenarioSource = { size: null, onePrompt: true, at };
    expect(calibrated(spec, told)).toEqual(calibrated(spec, source));
    expect(looks).toBeLessThan(10);
  });

  it.each([
    ['[organism: { dialogues: 200 }]', 24],
    ['[self-chat: { dialogues: 100 }]', 24],
    ['[self-chat: { dialogues: 24, groups: [persona, pattern] }]', 8],
    ['[script: { script: curious, dialogues: 100 }]', 24],
    ['[primed: { script: curious, dialogues: 100 }]', 24],
  ])('share no prompt with the test of the real source %s', (sources, dialogues) => {
    const spec = specOf(sources, dialogues);
    const { source, scenarios } = opened(spec);
    const [calibration] = calibrationStudy(spec, new Map([[source.name, scenarios]])).sources;
    const prompts = (of: SourceSpec) => testIndices(of).map((index) => scenarios.at(index).system);
    const tested = new Set(prompts(source));
    expect(prompts(calibration!).filter((prompt) => tested.has(prompt))).toEqual([]);
    expect(calibration!.dialogues).toBe(dialogues);
  });
});

function opened(spec: StudySpec) {
  const source = spec.sources[0]!;
  return { source, scenarios: openSource(source, { kl: 0, perplexity: 0, choice: null }).scenarios };
}
