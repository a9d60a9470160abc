import { POLICY_RULES, type Policy } from './policy.js';
import type { Schedule } from './schedule.js';

/** Returns a policy and its schedule as text, e.g. `split-softmax, k 1 → 0.6, 0.04 a turn`. Studies name arms by it. */
export function policyText({
  policy,
  schedule,
}: {
  readonly policy: Policy;
  readonly schedule: Schedule | null;
}): string {
  return schedule === null ? policy : `${policy}, ${scheduleText(POLICY_RULES[policy].symbol, schedule)}`;
}

function scheduleText(symbol: string, schedule: Schedule): string {
  switch (schedule.kind) {
    case 'constant':
      return `${symbol} = ${schedule.strength}`;
    case 'per-turn':
      return `${symbol} ${schedule.from} → ${schedule.to}, ${schedule.step} a turn`;
    case 'per-token':
      return `${symbol} ${schedule.from} → ${schedule.to}, ${schedule.rate} · ln(t/|system|)`;
    case 'target':
      return `mean share ${schedule.share}`;
  }
}
