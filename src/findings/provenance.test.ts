import { describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import { provenance } from './provenance.js';
import { columnsOf } from './study-columns.js';
import type { KeptRecord } from './study-result.js';

it('what computed the cells is told, with how many', () => {
  const study = simulateStudy({ dialogues: 3, rounds: 2 });
  const told = (devices: Record<string, number>) =>
    new Map(provenance(columnsOf({ ...study, devices }), [])).get('cells computed');
  expect(told({ zen4: 5, haswell: 1 })).toBe('5 on zen4, 1 on haswell');
  expect(told({})).toBeUndefined();
});

describe('the calibration of a study', () => {
  const study = simulateStudy({ dialogues: 3, rounds: 2 });
  const [tested] = study.records;
  if (tested?.kind !== 'dialogue') throw new Error('the first record is a dialogue');
  const { model, executor, precision, source } = tested;

  const rankedOn = (system: string | null, index: number): KeptRecord => ({
    ...{ model, executor, precision, source, arm: 'off', seed: 0, index },
    ...{ kind: 'ranking', scenario: `scenario-${index}`, system, heads: [[0.1]] },
  });
  const told = (...rankings: readonly KeptRecord[]): string | undefined =>
    new Map(provenance(columnsOf({ ...study, records: [...study.records, ...rankings] }), [])).get(
      'calibration of organism',
    );

  it('is told with its dialogues and whether a prompt of theirs was tested', () => {
    expect(told(rankedOn('Sing.', 8), rankedOn('Hum.', 7))).toBe(
      'heads were ranked on the dialogues 7, 8; none of their prompts was tested',
    );
    expect(told(rankedOn('Sing.', 8), rankedOn(tested.system, 7))).toBe(
      'heads were ranked on the dialogues 7, 8; 1 of their prompts was tested too',
    );
    expect(told(rankedOn(null, 8))).toBe(
      'heads were ranked on the dialogues 8; their prompts are not recorded',
    );
    expect(told()).toBeUndefined();
  });
});
