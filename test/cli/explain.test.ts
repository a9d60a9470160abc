import { describe, expect, it } from 'vitest';
import { POLICIES } from '../../src/attention/index.js';
import { explain } from '../../src/cli/terminal/failure.js';
import { HoldfastError } from '../../src/errors.js';
import { parseSpec } from '../../src/study/index.js';

const thrownBy = (text: string): unknown => {
  try {
    return parseSpec(text, 'studies/a.yaml');
  } catch (error) {
    return error;
  }
};

describe('the error of an invalid study', () => {
  it('has one line per problem, with its place in the form that editors open', () => {
    const error = thrownBy('name: x\nsources: organism\narms: [of]\nseeds: -1\n');
    expect(error).toBeInstanceOf(HoldfastError);
    expect(explain(error, false)).toEqual({
      message: [
        'error: E_SPEC: 2 problems',
        `studies/a.yaml:3:8 policy: "of" is not a policy. Known: ${POLICIES.join(', ')}`,
        'studies/a.yaml:4:8 seeds: expected a whole number from 0 to 131071, not -1',
      ].join('\n'),
      exitCode: 1,
    });
  });

  it('is one line for one problem', () => {
    expect(explain(thrownBy('name: x\nsources: organism\narms: [off]\nseed: 1\n'), false).message).toBe(
      'error: E_SPEC: 4:1 seed: unknown key; did you mean seeds? (studies/a.yaml)',
    );
  });
});
