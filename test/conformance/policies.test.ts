import { afterAll, describe, expect, it } from 'vitest';
import {
  assertTouched,
  IDENTITY_MAP,
  POLICIES_WITH_STRENGTH,
  POLICY_RULES,
} from '../../src/attention/index.js';
import { openChat } from '../../src/dialogue/index.js';
import type { Model } from '../../src/engine/index.js';
import type { ExecutorName } from '../../src/load.js';
import { traceRun } from '../../src/trace/index.js';
import { ask, CHAT, loadFixture } from '../support/chat-fixtures.js';
import { FAMILIES } from '../support/families.js';
import { hasNoGpu } from '../support/gpu.js';
import { EXAMPLES } from '../support/policy-cases.js';
import { golden } from './fixtures.js';

const opened = new Map<string, Promise<Model>>();
const modelOn = (name: ExecutorName): Promise<Model> => {
  if (!opened.has(name)) opened.set(name, loadFixture('llama', name));
  return opened.get(name)!;
};
afterAll(async () => {
  for (const model of opened.values()) await (await model).dispose();
});

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** An executor that treats every policy as `off`: it measures shares and reports no error. */
const ignoring = ({ executor, ...model }: Model): Model => ({
  ...model,
  executor: {
    name: executor.name,
    blueprint: executor.blueprint,
    precision: executor.precision,
    open: (contextLength) => executor.open(contextLength),
    copy: (sequence) => executor.copy(sequence),
    forward: (requests, options) =>
      executor.forward(
        requests.map(({ intervention, ...request }) =>
          intervention ? { ...request, intervention: { ...intervention, policy: 'off' } } : request,
        ),
        options,
      ),
    dispose: () => executor.dispose(),
  },
});

/** An ordinary chat shows whether its executor applies a policy. */
describe.each(['reference', 'cpu', 'gpu'] as const)('a chat on %s', (name) => {
  const test = it.skipIf(name === 'gpu' && hasNoGpu());

  test.each(EXAMPLES)('has a receipt of shares that %s %d changed', async (policy, strength) => {
    const chat = openChat(await modelOn(name), { ...CHAT, policy, strength, maxTokens: 4 });
    const { turn } = await ask(chat, 'hello');
    const { meanBefore, meanAfter, touched } = turn.receipt!;
    expect(sum(touched)).toBeGreaterThan(0);
    const moved = meanAfter.map((mean, layer) => mean! - meanBefore[layer]!);
    expect(moved.some((change) => change !== 0)).toBe(true);
    if (POLICY_RULES[policy].onlyRaises) expect(Math.min(...moved)).toBeGreaterThanOrEqual(0);
    chat.dispose();
  });
});

describe('the golden cases', () => {
  it.each(FAMILIES)('of %s set every field of the row map', (family) => {
    const set = golden(family).cases.flatMap(({ policy }) => Object.keys(POLICY_RULES[policy].map(1)));
    expect([...new Set(set)].sort()).toEqual(Object.keys(IDENTITY_MAP).sort());
  });
});

describe('an executor that reports policies and does not apply them', () => {
  it.each(POLICIES_WITH_STRENGTH)('is detected in the first answer under %s', async (policy) => {
    const { example, symbol } = POLICY_RULES[policy];
    const model = ignoring(await modelOn('reference'));
    const chat = openChat(model, { ...CHAT, policy, strength: example });
    await expect(ask(chat, 'hello')).rejects.toThrow(
      new RegExp(
        `E_UNTOUCHED.*${policy} with ${symbol} = ${example} should have changed \\d+ of them, but the executor did not`,
      ),
    );
    chat.dispose();
  });

  it('is detected in the second answer under sustain', async () => {
    const chat = openChat(ignoring(await modelOn('reference')), { ...CHAT, policy: 'sustain' });
    await ask(chat, 'hello');
    await expect(ask(chat, 'and now?')).rejects.toThrow(
      /E_UNTOUCHED.*sustain with π₁ from .* but the executor/,
    );
    chat.dispose();
  });

  it('is detected in a trace', async () => {
    const input = Array.from({ length: 40 }, (_, id) => id);
    const target = { kind: 'range', range: { start: 0, end: 9 } } as const;
    const policy = { name: 'cap', strength: 0.01 } as const;
    const model = ignoring(await modelOn('reference'));
    await expect(traceRun(model, { input, target, policy })).rejects.toThrow(
      /E_UNTOUCHED.*cap with κ = 0.01/,
    );
  });
});

describe('a chat', () => {
  it('says in its receipt that a floor is below every share, in numbers; a whole chat of that is an error', async () => {
    const chat = openChat(await modelOn('reference'), { ...CHAT, policy: 'floor', strength: 1e-12 });
    const { receipt } = (await ask(chat, 'hello')).turn;
    const reason = /The target's shares range from \S+ to \S+: floor with ψ = 1e-12 changes none of them/;
    expect(receipt!.untouched).toMatch(reason);
    expect(() => assertTouched([{ receipt }])).toThrow(/E_UNTOUCHED/);
    chat.dispose();
  });

  it('continues at the identity: no policy was asked to act', async () => {
    for (const policy of POLICIES_WITH_STRENGTH) {
      const strength = POLICY_RULES[policy].identity;
      const chat = openChat(await modelOn('reference'), { ...CHAT, policy, strength, maxTokens: 2 });
      const { receipt } = (await ask(chat, 'hello')).turn;
      expect(sum(receipt!.touched), policy).toBe(0);
      expect(sum(receipt!.headsAsked), policy).toBe(0);
      chat.dispose();
    }
  });

  it('under sustain is asked to act from the second answer on', async () => {
    const chat = openChat(await modelOn('reference'), { ...CHAT, policy: 'sustain' });
    const first = (await ask(chat, 'hello')).turn.receipt!;
    const second = (await ask(chat, 'and now?')).turn.receipt!;
    expect([sum(first.headsAsked), sum(first.touched)]).toEqual([0, 0]);
    expect(sum(second.headsAsked)).toBeGreaterThan(0);
    expect(sum(second.touched)).toBeGreaterThan(0);
    chat.dispose();
  });
});
