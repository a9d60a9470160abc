import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { chatAnswer, eventsOf, jsonOf, type Serving, serving } from '../../test/support/serving.js';
import type { Model } from '../engine/index.js';
import { chatFormat } from '../text/index.js';

const CHAT = '/v1/chat/completions';
const BY_TURN = {
  policy: 'split-softmax',
  schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.3 },
} as const;
const system = { role: 'system', content: SYSTEM };
const user = (content: string) => ({ role: 'user', content });
/** A request with varied answers: the random models are confident, so the temperature is the highest that the API has. */
const asked = (...messages: object[]) => ({ messages, temperature: 2, top_p: 1, seed: 5, max_tokens: 8 });

let model: Model;
let plain: Serving;
let held: Serving;
beforeAll(async () => {
  model = await loadFixture('llama');
  plain = serving({ tiny: model });
  held = serving({ tiny: model }, BY_TURN);
});
afterAll(() => model.dispose());

describe('a chat', () => {
  it('samples as clients of other servers ask: top_k, min_p, repetition_penalty', async () => {
    const own = serving({ tiny: model });
    const textOf = async (change: object): Promise<string> => {
      const response = await own.ask(CHAT, { ...asked(system, user('hello')), ...change });
      return (await jsonOf(response)).choices[0].message.content;
    };
    const greedy = await textOf({ temperature: 0 });
    let seed = 1;
    while ((await textOf({ seed })) === greedy) seed++;
    const usual = await textOf({ seed });
    for (const one of [{ top_k: 1 }, { min_p: 1 }]) expect(await textOf({ seed, ...one })).toBe(greedy);
    const none = [
      { top_k: -1 },
      { top_k: 0 },
      { top_k: null, min_p: null },
      { min_p: 0 },
      { repetition_penalty: 1 },
    ];
    for (const change of none) expect(await textOf({ seed, ...change })).toBe(usual);
    expect(await textOf({ temperature: 0, repetition_penalty: 50 })).not.toBe(greedy);
  });

  it('gives the answer of the library, in the form of the API', async () => {
    const response = await plain.ask(CHAT, asked(system, user('hello')));
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    const body = await jsonOf(response);
    const sampling = { temperature: 2, topP: 1, seed: 5 };
    const expected = await chatAnswer(model, 'hello', { system: SYSTEM, sampling, maxTokens: 8 });
    expect(body).toMatchObject({
      object: 'chat.completion',
      model: 'tiny',
      choices: [
        { index: 0, message: { role: 'assistant', content: expected, refusal: null }, logprobs: null },
      ],
      usage: { completion_tokens: 8, prompt_tokens_details: { cached_tokens: 0 } },
    });
    expect(body.choices[0].finish_reason).toBe('length');
    expect(body.system_fingerprint).toMatch(/^fp_/);
    expect(body.usage.total_tokens).toBe(body.usage.prompt_tokens + 8);
  });

  it('streams the same text, begins with the role, and ends with the reason, the counts and the mark', async () => {
    const request = asked(system, user('hello'));
    const whole = await jsonOf(await plain.ask(CHAT, request));
    const response = await plain.ask(CHAT, {
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const { chunks, done } = await eventsOf(response);
    expect(done).toBe(true);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    const [first, ...others] = chunks;
    expect(first.choices[0].delta).toEqual({ role: 'assistant', content: '', refusal: null });
    const [last, usage] = others.splice(-2);
    expect(others.map(({ choices }) => choices[0].delta.content).join('')).toBe(
      whole.choices[0].message.content,
    );
    expect(last.choices[0]).toMatchObject({ delta: {}, finish_reason: 'length' });
    expect(last.usage).toBeNull();
    expect(last.hold).toMatchObject({ policy: 'off' });
    expect(usage.choices).toEqual([]);
    expect(usage.usage).toMatchObject({ completion_tokens: 8 });
    const bare = await eventsOf(await plain.ask(CHAT, { ...request, stream: true }));
    expect(bare.chunks.some((chunk) => 'usage' in chunk)).toBe(false);
  });

  it('holds by the turn of the conversation, and reports it', async () => {
    const dialogue = [system, user('one'), { role: 'assistant', content: 'hold' }, user('two')];
    const { hold } = await jsonOf(await held.ask(CHAT, asked(...dialogue)));
    expect(hold.strength).toBeCloseTo(0.7);
    expect(hold.policy).toBe('split-softmax');
    expect(hold.receipt.touched.every((pairs: number) => pairs > 0)).toBe(true);
    expect(hold.shares.prompt.after).toBeGreaterThan(hold.shares.prompt.before);
    expect(hold.shares.turns).toHaveLength(2);
    const { prompt, sink, turns } = hold.shares;
    const sum = prompt.after + sink.after + turns[0] + turns[1];
    expect(sum).toBeGreaterThan(0.9);
    expect(sum).toBeLessThan(1.001);
  });

  it.each([
    ['none', []],
    ['an empty one', [{ role: 'system', content: '' }]],
    ['one without words', [{ role: 'developer', content: [{ type: 'text', text: ' \n' }] }]],
    ['one of nothing', [{ role: 'system', content: null }]],
  ])('leaves off what the server does by default to a system message, and says so: %s', async (_, before) => {
    const guided = serving({ tiny: model }, { ...BY_TURN, reminder: true, guidance: 1.5 });
    const contents = serving({ tiny: model }, { ...BY_TURN, target: { kind: 'content' } });
    for (const [server, off] of [
      [held, 'policy is'],
      [contents, 'policy is'],
      [guided, 'policy, guidance and reminder are'],
    ] as const) {
      const { hold } = await jsonOf(await server.ask(CHAT, asked(...before, user('hello'))));
      expect(hold).toMatchObject({ policy: 'off', strength: null });
      expect((hold.receipt?.touched ?? []).every((pairs: number) => pairs === 0)).toBe(true);
      expect(hold.notice).toBe(`the request has no system message: the server's ${off} off in this answer`);
      const request = { ...asked(...before, user('hello')), stream: true };
      expect((await eventsOf(await server.ask(CHAT, request))).chunks.at(-1).hold.notice).toBe(hold.notice);
    }
    const sink = serving({ tiny: model }, { policy: 'boost', strength: 2, target: { kind: 'sink' } });
    const { hold } = await jsonOf(await sink.ask(CHAT, asked(...before, user('hello'))));
    expect(hold).toMatchObject({ policy: 'boost', notice: null });
    for (const own of [{ strength: 0.5 }, { layers: [0] }, { preset: true }]) {
      const refused = await held.ask(CHAT, { ...asked(...before, user('hello')), hold: own });
      expect([refused.status, (await jsonOf(refused)).error.code]).toEqual([400, 'E_TARGET']);
    }
    for (const own of [{ off: true }, { stream: true }, {}, null]) {
      const response = await held.ask(CHAT, { ...asked(...before, user('hello')), hold: own });
      expect([response.status, (await jsonOf(response)).hold.policy]).toEqual([200, 'off']);
    }
  });

  it('writes what tools were called, and what they said, with a template that can', async () => {
    const template = `{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;
    const format = chatFormat({ tokenizer: model.tokenizer!, template });
    const server = serving({ tiny: { ...model, tokenizer: model.tokenizer, format } }, BY_TURN);
    const call = (text: string) => ({
      id: 'c',
      type: 'function',
      function: { name: 'pull', arguments: text },
    });
    const dialogue = (text: string, said: string) => [
      ...[system, user('hello'), { role: 'assistant', content: null, tool_calls: [call(text)] }],
      { role: 'tool', tool_call_id: 'c', content: said },
    ];
    const tokensOf = async (...given: object[]) =>
      (await jsonOf(await server.ask(CHAT, asked(...given)))).usage.prompt_tokens;
    const short = await tokensOf(...dialogue('{}', 'yes'));
    expect(await tokensOf(...dialogue('', 'yes'))).toBe(short);
    expect(await tokensOf(...dialogue('{"rope": "the long one"}', 'yes'))).toBeGreaterThan(short);
    expect(await tokensOf(...dialogue('{}', 'yes, it holds fast'))).toBeGreaterThan(short);
    const { hold } = await jsonOf(await server.ask(CHAT, asked(...dialogue('{}', 'yes'))));
    expect(hold.shares.turns).toHaveLength(1);
    expect(hold.receipt).not.toBeNull();
  });

  it.each([
    [{ off: true }, { policy: 'off', strength: null }],
    [{ strength: 0.5 }, { policy: 'split-softmax', strength: 0.5 }],
    [
      { policy: 'boost', strength: 3 },
      { policy: 'boost', strength: 3 },
    ],
    [
      { policy: 'floor', schedule: { kind: 'constant', strength: 0.4 } },
      { policy: 'floor', strength: 0.4 },
    ],
    [{ preset: true }, { policy: 'split-softmax', strength: 1 }],
    [
      { target: 'prefix', layers: [0], heads: [1] },
      { policy: 'split-softmax', strength: 1 },
    ],
  ])('takes the hold %o for one request', async (hold, expected) => {
    const body = await jsonOf(await held.ask(CHAT, { ...asked(system, user('hello')), hold }));
    expect(body.hold).toMatchObject(expected);
    const next = await jsonOf(await held.ask(CHAT, asked(system, user('hello'))));
    expect(next.hold).toMatchObject({ policy: 'split-softmax', strength: 1 });
  });

  it('streams the strength and the shares of every token if asked', async () => {
    const request = { ...asked(system, user('hello')), stream: true, hold: { strength: 0.5, stream: true } };
    const { chunks } = await eventsOf(await held.ask(CHAT, request));
    const pieces = chunks.slice(1, -1);
    expect(pieces).toHaveLength(8);
    for (const { hold } of pieces) {
      expect(hold.strength).toBe(0.5);
      expect(hold.shares.prompt.after).toBeGreaterThan(hold.shares.prompt.before);
      expect(hold.shares.turns).toHaveLength(1);
    }
    expect(chunks.at(-1).hold.receipt).not.toBeNull();
  });

  it('takes parts, null, developers and tools as content, and ignores what clients add', async () => {
    const body = await jsonOf(
      await plain.ask(CHAT, {
        ...asked(
          {
            role: 'developer',
            content: [
              { type: 'text', text: 'You are the keeper ' },
              { type: 'text', text: 'of the rope. Hold fast.' },
            ],
          },
          { role: 'user', content: 'hello', name: 'anna' },
          { role: 'assistant', content: null },
          { role: 'tool', content: 'long', tool_call_id: 'x' },
        ),
        ...{ user: 'u', metadata: {}, store: true, service_tier: 'auto', parallel_tool_calls: true },
        ...{
          response_format: { type: 'text' },
          tools: [],
          stop: null,
          logit_bias: null,
          frequency_penalty: null,
        },
      }),
    );
    expect(body.choices[0].finish_reason).toBe('length');
    expect(body.hold.shares.prompt).not.toBeNull();
  });

  it('finds the beginning of a conversation in a cache, and a question that is asked again', async () => {
    const server = serving({ tiny: model });
    const first = await jsonOf(await server.ask(CHAT, asked(system, user('hello'))));
    const dialogue = [system, user('hello'), first.choices[0].message, user('and now?')];
    const second = await jsonOf(await server.ask(CHAT, asked(...dialogue)));
    // The last token of an answer is chosen and not computed.
    const { prompt_tokens: before, completion_tokens: answer } = first.usage;
    expect(second.usage.prompt_tokens_details.cached_tokens).toBe(before + answer - 1);
    const again = await jsonOf(await server.ask(CHAT, asked(...dialogue)));
    expect(again.usage.prompt_tokens_details.cached_tokens).toBe(again.usage.prompt_tokens - 1);
    expect(again.choices[0].message.content).toBe(second.choices[0].message.content);
  });

  it('answers several at once as one after the other, with as many caches as there is memory for', async () => {
    const server = serving({ tiny: model }, {}, { cacheMemory: 1, queue: 8 });
    const words = ['one', 'two', 'three', 'four', 'five'];
    const alone: string[] = [];
    for (const word of words) {
      alone.push((await jsonOf(await plain.ask(CHAT, asked(system, user(word))))).choices[0].message.content);
    }
    const ask = (target: Serving) =>
      Promise.all(words.map(async (word) => jsonOf(await target.ask(CHAT, asked(system, user(word))))));
    for (const target of [plain, server]) {
      const answers = await ask(target);
      expect(answers.map(({ choices }) => choices[0].message.content)).toEqual(alone);
    }
  });

  it('refuses a request that finds the queue full, and says when to try again', async () => {
    const server = serving({ tiny: model }, {}, { parallel: 1, queue: 1 });
    const all = await Promise.all([1, 2, 3, 4].map(() => server.ask(CHAT, asked(user('hello')))));
    expect(all.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
    const refused = all.find(({ status }) => status === 429)!;
    expect(refused.headers.get('x-should-retry')).toBe('true');
    expect(Number(refused.headers.get('retry-after-ms'))).toBeGreaterThan(0);
    expect((await jsonOf(refused)).error).toMatchObject({ type: 'rate_limit_error', code: 'queue_full' });
    expect((await server.ask(CHAT, asked(user('hello')))).status).toBe(200);
  });

  it('gives several answers with successive seeds', async () => {
    const body = await jsonOf(await plain.ask(CHAT, { ...asked(system, user('hello')), n: 3 }));
    expect(body.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2]);
    expect(body.usage.completion_tokens).toBe(24);
    const third = await jsonOf(await plain.ask(CHAT, { ...asked(system, user('hello')), seed: 7 }));
    expect(body.choices[2].message).toEqual(third.choices[0].message);
    const request = { ...asked(system, user('hello')), n: 2, stream: true };
    const { chunks } = await eventsOf(await plain.ask(CHAT, request));
    for (const index of [0, 1]) {
      const own = chunks.filter(({ choices }) => choices[0].index === index);
      const text = own.map(({ choices }) => choices[0].delta.content ?? '').join('');
      expect(text).toBe(body.choices[index].message.content);
    }
  });

  it('gives the largest and the smallest seed answers of their own', async () => {
    const answerTo = async (seed: number, n = 1) =>
      (await jsonOf(await plain.ask(CHAT, { ...asked(system, user('hello')), seed, n }))).choices.map(
        ({ message }: { message: { content: string } }) => message.content,
      );
    const [[zero], [one], [last]] = [await answerTo(0), await answerTo(1), await answerTo(-1)];
    expect(last).not.toBe(zero);
    expect(await answerTo(-1, 3)).toEqual([last, zero, one]);
  });

  it('needs no system message where the server has a reminder and guidance', async () => {
    const server = serving({ tiny: model }, { ...BY_TURN, reminder: true, guidance: 1.5 });
    for (const hold of [undefined, { off: true }, { policy: 'boost', strength: 2, target: 'sink' }]) {
      const response = await server.ask(CHAT, { ...asked(user('hello')), hold });
      expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
    }
  });

  it('ends at a stop word, and leaves it out', async () => {
    const whole = await jsonOf(await plain.ask(CHAT, asked(system, user('hello'))));
    const text: string = whole.choices[0].message.content;
    const stop = text.slice(4, 6);
    for (const stops of [stop, [stop, 'never']]) {
      const cut = await jsonOf(await plain.ask(CHAT, { ...asked(system, user('hello')), stop: stops }));
      expect(cut.choices[0].message.content).toBe(text.slice(0, text.indexOf(stop)));
      expect(cut.choices[0].finish_reason).toBe('stop');
    }
  });

  it('reports log probabilities whose bytes join to the text, also in pieces', async () => {
    const request = { ...asked(system, user('hello')), max_tokens: 24, logprobs: true, top_logprobs: 3 };
    const { choices } = await jsonOf(await plain.ask(CHAT, request));
    const { content } = choices[0].logprobs;
    const joined = (entries: readonly { bytes: number[] }[]): string =>
      Buffer.from(entries.flatMap(({ bytes }) => bytes)).toString();
    expect(joined(content)).toBe(choices[0].message.content);
    for (const { logprob, top_logprobs: top } of content) {
      expect(logprob).toBeLessThanOrEqual(0);
      expect(top).toHaveLength(3);
      expect(top[0].logprob).toBeGreaterThanOrEqual(logprob);
    }
    const { chunks } = await eventsOf(await plain.ask(CHAT, { ...request, stream: true }));
    for (const { choices } of chunks) {
      const own = choices[0].logprobs?.content ?? [];
      expect(joined(own)).toBe(choices[0].delta.content ?? '');
    }
  });

  it('changes logits as asked', async () => {
    const [word] = model.tokenizer!.encode('rope');
    const request = { ...asked(user('hello')), logit_bias: { [word!]: 100 }, temperature: 0 };
    const { choices } = await jsonOf(await plain.ask(CHAT, request));
    expect(choices[0].message.content).toBe(model.tokenizer!.decode([word!]).repeat(8));
  });
});
