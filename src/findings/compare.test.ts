import { describe, expect, it } from 'vitest';
import { simulateStudy, TRUE_ARMS } from '../../test/support/simulated-study.js';
import { compareStudies } from './compare.js';
import type { StudyResult } from './study-result.js';

const study = (kind: string, judges: string | null): StudyResult => {
  const simulated = simulateStudy({ dialogues: 4, rounds: 8, arms: TRUE_ARMS.slice(0, 1) });
  const { spec, versions } = simulated;
  return {
    ...simulated,
    spec: { ...spec, sources: spec.sources.map((source) => ({ ...source, kind })) },
    versions: { ...versions, ...(judges === null ? {} : { judges }) },
  };
};

describe('compareStudies', () => {
  it('refuses studies that different versions of the judges scored', () => {
    expect(() => compareStudies(study('self-chat', '2'), study('self-chat', null), ['off'])).toThrow(
      'E_USAGE: different versions of the judges scored the two studies: 2 and 1',
    );
    expect(compareStudies(study('self-chat', '2'), study('self-chat', '2'), ['off'])).not.toHaveLength(0);
    expect(compareStudies(study('organism', '2'), study('organism', null), ['off'])).not.toHaveLength(0);
  });
});
