import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import type { FamilyName } from '../../test/support/families.js';
import { TRIAL } from '../../test/support/organism-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import { resolveTarget } from '../attention/index.js';
import { layoutPrompt } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { chatFormat } from '../text/index.js';
import { spansOf, type TrialArm, targetOf } from './trial-arm.js';

const FAMILIES: readonly FamilyName[] = ['llama', 'mistral', 'gemma3'];
const models = new Map<FamilyName, Model>();
beforeAll(async () => {
  for (const name of FAMILIES) models.set(name, await loadFixture(name));
});
afterAll(() => Promise.all([...models.values()].map((model) => model.dispose())));

/** Lays out the trial's dialogue with its reference answers, up to the last one. */
function wholePrompt(model: Model) {
  const [last, ...earlier] = [...TRIAL.rounds].reverse();
  return layoutPrompt(
    model.format!,
    [
      { role: 'system', content: TRIAL.system },
      ...earlier.reverse().flatMap(({ user, reference }) => [
        { role: 'user' as const, content: user },
        { role: 'assistant' as const, content: reference },
      ]),
      { role: 'user', content: last!.user },
    ],
    { trustContent: false, now: NOW },
  );
}

const arm = (target?: TrialArm['target']): TrialArm => ({
  name: 'an arm',
  settings: { policy: 'split-softmax', strength: 0.7 },
  ...(target === undefined ? {} : { target }),
});

describe('the spans of a trial', () => {
  it.each(FAMILIES)('are those that a chat resolves in any of its rounds (%s)', (name) => {
    const model = models.get(name)!;
    const { message, prefix, sink } = spansOf(model, TRIAL, NOW);
    const prompt = wholePrompt(model);
    expect(resolveTarget({ kind: 'message' }, prompt)).toEqual([message]);
    expect(resolveTarget({ kind: 'prefix' }, prompt)).toEqual([prefix]);
    expect(resolveTarget({ kind: 'sink' }, prompt)).toEqual([sink]);
  });

  it('have as many tokens after the prefix as in it, from the token that opens the user’s message on', () => {
    const model = models.get('llama')!;
    const { prefix, after } = spansOf(model, TRIAL, NOW);
    const { ids } = wholePrompt(model);
    const textOf = (tokens: readonly number[]): string => model.tokenizer!.decode(tokens);
    expect(textOf(ids.slice(0, prefix.end))).toMatch(/Anna\.<\|im_end\|>\n$/);
    expect(textOf(ids.slice(after.start, after.end))).toMatch(/^<\|im_start\|>user\nWhat of Rome\?/);
    expect(after.end - after.start).toBe(prefix.end);
    expect(after.end, 'the whole dialogue contains the span').toBeLessThan(ids.length);
  });

  it('need a chat template', () => {
    const bare: Model = { ...models.get('llama')!, format: null };
    expect(() => spansOf(bare, TRIAL, NOW)).toThrow(/E_TEMPLATE/);
  });

  it('need a template that writes the system message in front', () => {
    const { tokenizer, ...model } = models.get('llama')!;
    const template = `{{ '<|im_start|>first<|im_end|>\n<|im_start|>' }}{% for m in messages | reverse %}{{ m.content + '<|im_end|>\n' }}{% endfor %}`;
    const reversed: Model = { ...model, tokenizer, format: chatFormat({ tokenizer: tokenizer!, template }) };
    expect(() => spansOf(reversed, TRIAL, NOW)).toThrow(/E_TEMPLATE.*writes other messages first/);
  });
});

describe('an arm', () => {
  it('acts on the system message by default', () => {
    const spans = spansOf(models.get('llama')!, TRIAL, NOW);
    expect(targetOf(arm(), spans)).toEqual(spans.message);
    expect(targetOf(arm('prefix'), spans)).toEqual(spans.prefix);
    expect(targetOf(arm('sink'), spans)).toEqual({ start: 0, end: 1 });
    expect(targetOf(arm('after'), spans)).toEqual(spans.after);
  });
});
