import { POLICY_RULES } from '../../../src/attention/index.js';
import type { Steer } from '../../../src/studio/protocol.js';
import { short } from './format.js';

/** Returns how a side is steered, in a few words: `split-softmax, k = 0.6`. */
export function policyWords({ policy, schedule, target, pairs }: Steer): string {
  if (policy === 'off') return 'policy off: the same as untouched';
  const { symbol } = POLICY_RULES[policy];
  const strength =
    schedule === null
      ? null
      : schedule.kind === 'constant'
        ? `${symbol} = ${short(schedule.strength)}`
        : schedule.kind === 'per-turn'
          ? `${symbol} from ${short(schedule.from)} to ${short(schedule.to)}, ${short(schedule.step)} a turn`
          : schedule.kind === 'per-token'
            ? `${symbol} from ${short(schedule.from)} to ${short(schedule.to)} with the length`
            : `so that the mean share is ${short(schedule.share)}`;
  const parts = [
    policy,
    strength,
    target === 'message' ? null : `on ${target}`,
    pairs && `in ${pairs.length} heads`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}
