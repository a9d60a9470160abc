import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { golden, openFamily } from '../../test/conformance/fixtures.js';
import { createReferenceExecutor, type Executor, type Intervention } from '../executors/index.js';
import { findTokenizer } from '../model-text.js';
import type { Tokenizer } from '../text/index.js';
import {
  forwardedTokens,
  type GenerationEnd,
  type GenerationOptions,
  type GenerationStep,
  generate,
} from './generation.js';
import type { ForwardPoint } from './passes.js';
import { Session } from './session.js';

let executor: Executor;
let tokenizer: Tokenizer;
const { ids, greedy } = golden('llama');

beforeAll(async () => {
  const { plan, files } = await openFamily('llama');
  executor = await createReferenceExecutor(plan, files.checkpoint);
  await files.close();
  tokenizer = findTokenizer(files)!;
});
afterAll(() => executor.dispose());

async function collect(
  session: Session,
  options: Partial<GenerationOptions>,
  onStep: (step: GenerationStep) => void = () => {},
): Promise<{ steps: GenerationStep[]; end: GenerationEnd; text: string }> {
  const generation = generate(session, ids, { tokenizer, maxTokens: 24, stopIds: [], ...options });
  const steps: GenerationStep[] = [];
  for (;;) {
    const next = await generation.next();
    if (next.done) {
      const text = steps.map((step) => step.text).join('') + next.value.rest;
      return { steps, end: next.value, text };
    }
    steps.push(next.value);
    onStep(next.value);
  }
}

const split = (strength: number): Intervention => ({
  target: [{ start: 0, end: 18 }],
  policy: 'split-softmax',
  strength: new Float32Array(12).fill(strength),
});
const GREEDY = { temperature: 0 };

describe('generation', () => {
  it('continues greedily with the golden tokens, untouched and under split-softmax', async () => {
    const off = await collect(new Session(executor), { sampling: GREEDY });
    expect(off.steps.map(({ id }) => id)).toEqual(greedy.off);
    expect(off.end.receipt).toBeNull();
    const on = await collect(new Session(executor), { sampling: GREEDY, intervention: () => split(0.5) });
    expect(on.steps.map(({ id }) => id)).toEqual(greedy['split-softmax 0.5 on [0,18)']);
    expect(on.end.receipt?.rows).toBe(ids.length + 23);
    expect(on.end.receipt?.touched.every((count) => count > 0)).toBe(true);
  });

  it('draws the same tokens from the same seed, also on a used session', async () => {
    const sampling = { temperature: 1.5, topP: 1, seed: 11 };
    const session = new Session(executor);
    const first = await collect(session, { sampling });
    const again = await collect(session, { sampling });
    const other = await collect(session, { sampling: { ...sampling, seed: 12 } });
    expect(again.steps).toEqual(first.steps);
    expect(again.end.timing.reusedTokens).toBe(ids.length - 1);
    expect(other.text).not.toBe(first.text);
  });

  it('leaves the session with all but the last sampled token', async () => {
    const session = new Session(executor);
    const { steps, end } = await collect(session, { sampling: GREEDY, maxTokens: 5 });
    expect(end.finish).toBe('length');
    expect(session.tokens).toEqual([...ids, ...steps.slice(0, 4).map(({ id }) => id)]);
    expect(steps.map(({ position }) => position)).toEqual([72, 73, 74, 75, 76]);
    expect(end.timing).toMatchObject({ promptTokens: 72, reusedTokens: 0, decodedTokens: 4 });
  });

  it('streams text that joins to the decoded ids, and ends at a stop token without its text', async () => {
    const session = new Session(executor);
    const { steps, end, text } = await collect(session, { sampling: GREEDY, stopIds: [greedy.off[3]!] });
    expect(end.finish).toBe('stop');
    expect(steps.map(({ id }) => id)).toEqual(greedy.off.slice(0, 4));
    expect(text).toBe(tokenizer.decode(greedy.off.slice(0, 3), { skipSpecial: true }));
    const all = await collect(session, { sampling: GREEDY });
    expect(all.text).toBe(tokenizer.decode(greedy.off, { skipSpecial: true }));
  });

  it('never shows a part of a stop string that straddles tokens', async () => {
    const session = new Session(executor);
    const sampling = { temperature: 1.5, topP: 1, seed: 4 };
    const { steps, text } = await collect(session, { sampling });
    // The last character of one token's text and the first of the next one's.
    const at = steps.findIndex((step, i) => i > 3 && step.text.length > 1 && steps[i + 1]!.text.length > 1);
    const before = steps.slice(0, at).reduce((size, step) => size + step.text.length, 0);
    const cut = before + steps[at]!.text.length - 1;
    const stop = text.slice(cut, cut + 2);
    const stopped = await collect(session, { sampling, stop: ['never written', stop] });
    expect(stopped.end.finish).toBe('stop-string');
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
    expect(session.length).toBe(ids.length + stopped.steps.length - 1);
  });

  it('asks for the intervention before each pass and reports the shares of the row that chose the token', async () => {
    const points: ForwardPoint[] = [];
    const { steps } = await collect(new Session(executor), {
      sampling: GREEDY,
      maxTokens: 3,
      intervention: (point) => {
        points.push(point);
        return split(point.sampled === 0 ? 1 : 0.5);
      },
      spans: ({ end }) => [
        { start: 0, end: 18 },
        { start: 18, end },
      ],
    });
    expect(points.map(({ start, end, sampled }) => [start, end, sampled])).toEqual([
      [0, 71, 0],
      [71, 72, 0],
      [72, 73, 1],
      [73, 74, 2],
    ]);
    expect(points[0]!.shares).toBeUndefined();
    expect(points[2]!.shares).toEqual(steps[0]!.shares.target!.before);
    expect(steps[0]!.shares.target!.after).toEqual(steps[0]!.shares.target!.before);
    const { target, spans } = steps[1]!.shares;
    expect(steps[1]!.intervention!.strength[0]).toBe(0.5);
    for (let pair = 0; pair < 12; pair++) {
      expect(target!.after[pair]).toBeCloseTo(Math.sqrt(target!.before[pair]!), 5);
      expect(spans!.after[2 * pair]).toBeCloseTo(target!.after[pair]!, 5);
      expect(spans!.after[2 * pair]! + spans!.after[2 * pair + 1]!).toBeCloseTo(1, 5);
    }
  });

  it('says in the receipt why the intervention could touch nothing, and keeps the answer', async () => {
    const nowhere = { ...split(0.5), target: [{ start: 400, end: 410 }] };
    const options = { sampling: GREEDY, maxTokens: 2, intervention: () => nowhere };
    const { steps, end } = await collect(new Session(executor), options);
    expect(steps.length).toBe(2);
    expect(end.receipt!.untouched).toMatch(/^No row sees both a key inside the target and one outside it/);
    expect(end.receipt).toMatchObject({ changeable: [0, 0, 0], meanBefore: [null, null, null] });
  });

  it('ends at the signal before the intervention has touched anything, with a receipt that says so', async () => {
    const nowhere = { ...split(0.5), target: [{ start: 400, end: 410 }] };
    const controller = new AbortController();
    const { steps, end } = await collect(
      new Session(executor),
      { sampling: GREEDY, intervention: () => nowhere, signal: controller.signal },
      () => controller.abort(),
    );
    expect(steps.length).toBe(1);
    expect(end.finish).toBe('abort');
    expect(end.receipt).toMatchObject({ rows: ids.length, touched: [0, 0, 0], headsAsked: [4, 4, 4] });
  });

  it('stops at the signal, in a long prefill and between tokens, and the session stays usable', async () => {
    const session = new Session(executor);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 40);
    const inPrefill = await collect(session, { signal: controller.signal, sampling: GREEDY, maxTokens: 400 });
    expect(inPrefill.end.finish).toBe('abort');

    const second = new AbortController();
    const { steps, end } = await collect(
      session,
      { signal: second.signal, sampling: GREEDY },
      ({ position }) => {
        if (position === 75) second.abort();
      },
    );
    expect(end.finish).toBe('abort');
    expect(steps.map(({ id }) => id)).toEqual(greedy.off.slice(0, 4));
    expect(session.length).toBe(75);
    expect((await collect(session, { sampling: GREEDY })).steps.map(({ id }) => id)).toEqual(greedy.off);
  });

  it('ends with E_BUSY if the session is changed between its steps, and not by a branch', async () => {
    const alone = await collect(new Session(executor), { sampling: GREEDY });
    const session = new Session(executor);
    const changes: (() => Promise<unknown>)[] = [
      async () => session.rewind(session.length - 1),
      () => session.advance([4]),
      () => generate(session, ids.toReversed(), { maxTokens: 2 }).next(),
      // As long as before, with the same last token.
      async () => {
        const tokens = [...session.tokens];
        await session.prefill([tokens[0]! + 1, ...tokens.slice(1)]);
      },
    ];
    for (const change of changes) {
      const generation = generate(session, ids, { sampling: GREEDY, maxTokens: 8, stopIds: [] });
      await generation.next();
      await change();
      await expect(generation.next()).rejects.toThrow(/E_BUSY: the session was changed/);
    }
    const generation = generate(session, ids, { sampling: GREEDY, maxTokens: 24, stopIds: [] });
    const found: number[] = [];
    for await (const { id } of generation) {
      found.push(id);
      await session.branch((branch) => branch.advance([4]));
    }
    expect(found).toEqual(alone.steps.map(({ id }) => id));
  });

  it('works on ids without a tokenizer', async () => {
    const { steps, text } = await collect(new Session(executor), { tokenizer: null, sampling: GREEDY });
    expect(steps.map(({ id }) => id)).toEqual(greedy.off);
    expect(text).toBe('');
  });

  it('refuses invalid options immediately', () => {
    const session = new Session(executor);
    const attempt = (options: Partial<GenerationOptions>, prompt = ids) =>
      generate(session, prompt, { tokenizer, maxTokens: 10, ...options });
    expect(() => attempt({ maxTokens: 0 })).toThrow(/E_SAMPLING: maxTokens/);
    expect(() => attempt({ stop: [''] })).toThrow(/E_SAMPLING.*stop/);
    expect(() => attempt({ stop: ['a\ud83d'] })).toThrow(/E_SAMPLING.*half of a surrogate pair: "a\\ud83d"/);
    expect(() => attempt({ sampling: { topP: 2 } })).toThrow(/E_SAMPLING: topP/);
    expect(() => attempt({}, [])).toThrow(/E_TOKEN_RANGE/);
    expect(() => attempt({ maxTokens: 441 })).toThrow(/E_CONTEXT_FULL.*72.*441.*512/);
  });
});

describe('guidance', () => {
  const without = ids.slice(18);
  const scale = 2.5;
  const guided = (session: Session, others: Partial<GenerationOptions> = {}) => ({
    sampling: GREEDY,
    guidance: { session, prompt: without, scale },
    ...others,
  });

  /** γ·l − (γ − 1)·l′ in f64, computing both sequences from the start for every token. */
  async function byHand(answer: readonly number[], intervention?: Intervention): Promise<Float64Array> {
    const last = async (prompt: readonly number[], of?: Intervention): Promise<Float32Array> => {
      const session = new Session(executor);
      const options = of ? { intervention: of } : {};
      const { logits } = await session.advance([...prompt, ...answer], options);
      session.dispose();
      return logits;
    };
    const [whole, part] = [await last(ids, intervention), await last(without)];
    return Float64Array.from(whole, (logit, id) => scale * logit - (scale - 1) * part[id]!);
  }

  it('chooses by γ·l − (γ − 1)·l′ and reports probabilities of these logits', async () => {
    const { steps, end } = await collect(
      new Session(executor),
      guided(new Session(executor), { maxTokens: 6 }),
    );
    const answer: number[] = [];
    for (const { id, logProbability } of steps) {
      const logits = await byHand(answer);
      const best = logits.reduce((best, logit, id) => (logit > logits[best]! ? id : best), 0);
      expect(id).toBe(best);
      const top = Math.max(...logits);
      const normaliser = top + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
      expect(logProbability).toBeCloseTo(logits[id]! - normaliser, 4);
      answer.push(id);
    }
    expect(answer).not.toEqual(greedy.off.slice(0, 6));
    expect(end.timing.guidance).toEqual({ promptTokens: without.length, reusedTokens: 0 });
    expect(forwardedTokens(end.timing)).toBe(ids.length + without.length + 2 * 5);
  });

  it('has interventions and shares only in the first pass', async () => {
    const sessions = [new Session(executor), new Session(executor)] as const;
    const options = guided(sessions[1], { maxTokens: 1, intervention: () => split(0.3) });
    const { steps, end } = await collect(sessions[0], options);
    const logits = await byHand([], split(0.3));
    expect(logits[steps[0]!.id]).toBe(Math.max(...logits));
    expect(end.receipt!.rows).toBe(ids.length);
    const alone = await collect(new Session(executor), { maxTokens: 1, intervention: () => split(0.3) });
    expect(steps[0]!.shares).toEqual(alone.steps[0]!.shares);
  });

  it('gives the untouched tokens and probabilities with γ = 1', async () => {
    const hot = { sampling: { temperature: 3, topP: 0.9, seed: 4 }, maxTokens: 8 };
    const untouched = await collect(new Session(executor), hot);
    const guidance = { session: new Session(executor), prompt: without, scale: 1 };
    const { steps, end } = await collect(new Session(executor), { ...hot, guidance });
    expect(steps).toEqual(untouched.steps);
    expect(untouched.end.timing.guidance).toBeNull();
    expect(forwardedTokens(untouched.end.timing)).toBe(ids.length + 7);
    expect(forwardedTokens(end.timing)).toBe(ids.length + without.length + 14);
  });

  it('leaves the same answer tokens in both sessions when aborted in either pass', async () => {
    for (const passes of [8, 9]) {
      const [session, second] = [new Session(executor), new Session(executor)];
      const controller = new AbortController();
      let count = 0;
      for (const one of [session, second]) {
        const { advance } = one;
        one.advance = (tokens, options) => {
          if (++count === passes) controller.abort();
          return advance.call(one, tokens, options);
        };
      }
      const { steps, end } = await collect(session, guided(second, { signal: controller.signal }));
      expect(end.finish).toBe('abort');
      // Two blocks, two rows that choose the first token, and two passes for each later token.
      expect(steps.length).toBe(passes === 8 ? 2 : 3);
      const answer = steps.slice(0, -1).map(({ id }) => id);
      expect([...session.tokens]).toEqual([...ids, ...answer]);
      expect([...second.tokens]).toEqual([...without, ...answer]);
    }
  });

  it('ends with E_BUSY if the second session is changed between two steps', async () => {
    const second = new Session(executor);
    const changing = collect(new Session(executor), guided(second), () => second.rewind(second.length - 1));
    await expect(changing).rejects.toThrow(/E_BUSY: the session was changed/);
  });

  it('refuses a γ out of range, and a second prompt that is empty or too long', async () => {
    const session = new Session(executor);
    const start = (changes: Partial<GenerationOptions['guidance']>, contextLength?: number) => () =>
      generate(session, ids, {
        maxTokens: 5,
        guidance: {
          session: new Session(executor, contextLength === undefined ? {} : { contextLength }),
          prompt: without,
          scale,
          ...changes,
        },
      });
    for (const wrong of [0.9, 101, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(start({ scale: wrong })).toThrow(`E_SAMPLING: guidance takes γ from 1 to 100, not ${wrong}`);
    }
    expect(start({ prompt: [] })).toThrow(/E_TOKEN_RANGE/);
    expect(start({}, without.length + 4)).toThrow(/E_CONTEXT_FULL/);
  });
});
