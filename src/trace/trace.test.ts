import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../../test/cli/holdfast.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Executor, ForwardRequest } from '../executors/index.js';
import { type LoadedModel, loadModel } from '../load.js';
import { chatFormat, layoutDialogue } from '../text/index.js';
import { type TraceOptions, traceRun } from './index.js';

/** An executor that keeps the requests it is given. */
function spyOn(executor: Executor): { readonly executor: Executor; readonly requests: ForwardRequest[] } {
  const requests: ForwardRequest[] = [];
  return {
    requests,
    executor: {
      name: executor.name,
      blueprint: executor.blueprint,
      precision: executor.precision,
      open: (contextLength) => executor.open(contextLength),
      copy: (sequence) => executor.copy(sequence),
      forward: (batch, options) => {
        requests.push(...batch);
        return executor.forward(batch, options);
      },
      dispose: () => executor.dispose(),
    },
  };
}

describe('traceRun', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadModel(fixture('models/llama'), { executor: 'reference' });
  });
  afterAll(() => model.dispose());

  const run = async (options: TraceOptions) => {
    const { executor, requests } = spyOn(model.executor);
    const trace = await traceRun({ ...model, executor }, options);
    return { names: trace.tensors.map(({ name }) => name), requests, metadata: trace.metadata };
  };
  const layout = () =>
    layoutDialogue(
      model.format!,
      [
        { role: 'system', content: 'You are a sailor.' },
        { role: 'user', content: 'Where to?' },
      ],
      { addGenerationPrompt: true, now: NOW },
    );

  it('computes no logits, taps, shares or rows that were not requested', async () => {
    const { names, requests } = await run({ input: layout(), tensors: ['target.share_after'] });
    expect(names).toEqual(['target.share_after']);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ logits: 'none', taps: { attention: [], hidden: [] } });
    expect(requests[0]).not.toHaveProperty('spans');
  });

  it('does not run the model if only ids are requested', async () => {
    const { names, requests } = await run({ input: [1, 2, 3], tensors: ['ids'] });
    expect(names).toEqual(['ids']);
    expect(requests).toEqual([]);
  });

  it('requests only the last row of logits to continue from, and all rows only if logits are wanted', async () => {
    const input = [1, 2, 3, 4, 5];
    const alone = await run({ input, tensors: ['generated'], generate: 3, chunkTokens: 2 });
    expect(alone.requests.map(({ logits }) => logits)).toEqual(['none', 'none', 'last', 'last', 'last']);
    expect(alone.requests.map(({ tokens }) => tokens.length)).toEqual([2, 2, 1, 1, 1]);
    const both = await run({ input, tensors: ['generated', 'logits'], generate: 2, chunkTokens: 3 });
    expect(both.requests.map(({ logits }) => logits)).toEqual(['all', 'all', 'last']);
  });

  it('gives the same bytes of logits whatever else is requested', async () => {
    const input = layout();
    const options = { input, policy: { name: 'boost', strength: 3 } } as const;
    const { tensors: few } = await traceRun(model, { ...options, tensors: ['logits'] });
    const { tensors: many } = await traceRun(model, {
      ...options,
      attention: 'all',
      hidden: true,
      generate: 2,
    });
    expect(many.find(({ name }) => name === 'logits')?.data).toEqual(few[0]?.data);
  });

  it('measures the system message of a dialogue that has one, and no share without one', async () => {
    const { metadata } = await run({ input: layout() });
    expect(metadata.target).toBe('"message"');
    expect(JSON.parse(metadata.shareError!)).toMatchObject({ basis: 'contract', head: { max: 1e-4 } });
    const without = layoutDialogue(model.format!, [{ role: 'user', content: 'Where to?' }], {
      addGenerationPrompt: true,
      now: NOW,
    });
    const bare = await run({ input: without });
    expect(bare.names).toEqual(['ids', 'logits', 'span.shares']);
    expect(bare.metadata.target).toBe('null');
    await expect(run({ input: without, policy: { name: 'boost', strength: 2 } })).rejects.toThrow(
      /E_TARGET: the target message needs a system message/,
    );
    await expect(run({ input: [1, 2], policy: { name: 'boost', strength: 2 } })).rejects.toThrow(
      /E_TARGET: the policy boost needs a target/,
    );
  });

  it('runs 512 tokens per pass by default', async () => {
    // The tiny model has a context length of 512: a larger one lets it run a few more.
    const { executor, requests } = spyOn(model.executor);
    const longer = { ...executor, blueprint: { ...executor.blueprint, contextLength: 600 } };
    const input = Array.from({ length: 515 }, (_, index) => index % 100);
    await traceRun({ ...model, executor: longer }, { input, tensors: ['hidden.0'] });
    expect(requests.map(({ tokens }) => tokens.length)).toEqual([512, 3]);
  });

  it.each([Number.NaN, 1.5, -3, 0, Number.POSITIVE_INFINITY])(
    'refuses %d as a count of tokens',
    async (count) => {
      for (const option of ['chunkTokens', 'generate'] as const) {
        const running = run({ input: [1, 2, 3], [option]: count });
        await expect(running, option).rejects.toMatchObject({ code: 'E_USAGE', field: option });
      }
    },
  );

  it('refuses tensors that are too large for memory, and runs nothing', async () => {
    const { executor, requests } = spyOn(model.executor);
    const blueprint = { ...executor.blueprint, contextLength: 100_000 };
    const input = Array.from({ length: 20_000 }, () => 1);
    const huge = traceRun({ ...model, executor: { ...executor, blueprint } }, { input, attention: 'all' });
    // 3 layers of 4 heads of 20,000², and logits of 512 a token, 4 bytes each.
    await expect(huge).rejects.toThrow(
      /E_USAGE: the tensors of 20000 tokens take 17\.9 GiB.*--tensors.*--attention/,
    );
    expect(requests).toEqual([]);
  });

  it('refuses a dialogue whose non-empty system message the template omits', async () => {
    const template =
      "{% for m in messages if m.role != 'system' %}{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}> {% endif %}";
    const format = chatFormat({ tokenizer: model.tokenizer!, template });
    const laidOut = (system: string) =>
      layoutDialogue(
        format,
        [
          { role: 'system', content: system },
          { role: 'user', content: 'Where to?' },
        ],
        { addGenerationPrompt: true, now: NOW },
      );
    for (const target of [{}, { target: { kind: 'sink' } }] as const) {
      await expect(run({ input: laidOut('You are a sailor.'), ...target })).rejects.toThrow(
        /E_TEMPLATE: the chat template omits the system message/,
      );
    }
    expect((await run({ input: laidOut(' ') })).metadata.target).toBe('null');
  });

  it('takes the complement of a target, including generated tokens, and records it up to the last token', async () => {
    const input = layout();
    const rest = { kind: 'not', of: { kind: 'prefix' } } as const;
    const options = { input, target: rest, policy: { name: 'floor', strength: 1 }, generate: 2 } as const;
    const { requests, metadata } = await run(options);
    const { end } = input.messages[0]!.places[0]!;
    expect(metadata.target).toBe('"not:prefix"');
    expect(metadata.targetRanges).toBe(JSON.stringify([[end, input.ids.length]]));
    for (const { intervention } of requests) {
      expect(intervention!.target).toEqual([{ start: end, end: Number.MAX_SAFE_INTEGER }]);
    }
    const bare = await run({ input: [5, 6, 7, 8], target: { kind: 'not', of: { kind: 'sink' } } });
    expect(bare.metadata.targetRanges).toBe('[[1,4]]');
    const whole = { kind: 'not', of: { kind: 'range', range: { start: 0, end: 4 } } } as const;
    await expect(run({ input: [5, 6, 7, 8], target: whole })).rejects.toThrow(
      'E_TARGET: the target not:0:4 contains none of the 4 tokens of the run',
    );
    await expect(run({ input: [5, 6], target: rest })).rejects.toThrow(/E_TARGET.*needs a dialogue/);
  });

  it('stops if the signal fires', async () => {
    await expect(run({ input: [1, 2, 3], signal: AbortSignal.abort() })).rejects.toThrow(/E_ABORTED/);
  });
});
