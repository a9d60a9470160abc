import { describe, expect, it } from 'vitest';
import { checkSchedule, POLICIES, POLICY_RULES, takesStrength } from '../../../src/attention/index.js';
import { positionOf, steer, strengthAt, withKind, withPolicy } from './settings.js';

const STRENGTHS = POLICIES.filter(takesStrength);

describe('the strength slider', () => {
  it.each(STRENGTHS)(
    'of %s begins where nothing changes, stays in range, and finds its own strengths',
    (policy) => {
      const { identity, minimum, maximum } = POLICY_RULES[policy];
      expect(strengthAt(policy, 0)).toBe(identity);
      for (let position = 0; position <= 1; position += 0.05) {
        const strength = strengthAt(policy, position);
        expect(strength).toBeGreaterThanOrEqual(minimum);
        expect(strength).toBeLessThanOrEqual(maximum);
        expect(positionOf(policy, strength)).toBeCloseTo(position, 1);
      }
    },
  );
});

describe('another kind of schedule', () => {
  it.each(STRENGTHS)('fits the policy %s, and keeps its strength as the end', (policy) => {
    const { schedule } = withPolicy(steer.value, policy);
    for (const kind of ['per-turn', 'per-token', 'target', 'constant'] as const) {
      const other = withKind(policy, schedule!, kind);
      checkSchedule(policy, other);
      expect(other.kind).toBe(kind);
      if ('to' in other) expect(other.to).toBe(POLICY_RULES[policy].example);
    }
  });
});
