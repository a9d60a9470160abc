import { describe, expect, it } from 'vitest';
import { HOLD } from '../../../test/support/hold-fixtures.js';
import { FACTS } from '../../../test/support/study-fixtures.js';
import { heldArmNotices } from './held-arms.js';

const nowhere = new Map();
const places = {
  ...{ models: nowhere, sources: nowhere, costs: nowhere },
  arms: new Map([['held', { line: 4, column: 5 }]]),
};
const noticesOf = (hold: typeof HOLD, facts = FACTS): string[] =>
  heldArmNotices({ holds: new Map([['held', hold]]), places }, new Map([['small', facts]]), 'x.yaml');

describe('the hold of an arm', () => {
  it('is taken without a word for the weights that it was made for', () => {
    const own = { ...HOLD, model: { ...HOLD.model, hash: FACTS.hash } };
    expect(noticesOf(own)).toEqual([]);
  });

  it('leads to a notice for other weights of the same shape', () => {
    expect(noticesOf({ ...HOLD, model: { ...HOLD.model, layers: 6, heads: 5 } })).toEqual([
      expect.stringMatching(/^the arm "held": the hold was made for other weights .* does not cover small$/),
    ]);
  });

  it('is refused, with its place, if it names layers of a model of another shape', () => {
    expect(() => noticesOf(HOLD)).toThrow(
      /^E_SPEC: 4:5 arms: the hold names layers .* small has 6 layers of 5 heads/,
    );
  });
});
