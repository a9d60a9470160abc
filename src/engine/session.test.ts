import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { golden, openFamily } from '../../test/conformance/fixtures.js';
import { createReferenceExecutor, type Executor, type Intervention } from '../executors/index.js';
import { Session } from './session.js';

let executor: Executor;
let ids: readonly number[];

beforeAll(async () => {
  const { plan, files } = await openFamily('llama');
  executor = await createReferenceExecutor(plan, files.checkpoint);
  await files.close();
  ids = golden('llama').ids;
});
afterAll(() => executor.dispose());

const fresh = async (tokens: readonly number[]): Promise<Float32Array> =>
  (await new Session(executor).advance(tokens)).logits;

describe('a session', () => {
  it('gives the same logits with a reused prefix as a new session', async () => {
    const session = new Session(executor);
    await session.advance([...ids.slice(0, 40), 7, 8, 9]);
    const { result, reused } = await session.prefill(ids);
    expect(reused).toBe(40);
    expect(session.tokens).toEqual(ids);
    expect(result.logits).toEqual(await fresh(ids));
  });

  it('forwards the last token again when it already holds all ids', async () => {
    const session = new Session(executor);
    await session.advance(ids);
    const { result, reused } = await session.prefill(ids);
    expect(reused).toBe(ids.length - 1);
    expect(session.length).toBe(ids.length);
    expect(result.logits).toEqual(await fresh(ids));
  });

  it('rewinds when a shorter dialogue is prefilled', async () => {
    const session = new Session(executor);
    await session.advance(ids);
    expect((await session.prefill(ids.slice(0, 10))).reused).toBe(9);
    expect(session.tokens).toEqual(ids.slice(0, 10));
  });

  it('reuses a cache computed under another strength, but not after a rewind to 0', async () => {
    const strong: Intervention = {
      target: [{ start: 0, end: 18 }],
      policy: 'split-softmax',
      strength: new Float32Array(12).fill(0.3),
    };
    const session = new Session(executor);
    await session.advance(ids.slice(0, 60), { intervention: strong });
    expect((await session.prefill(ids)).result.logits).not.toEqual(await fresh(ids));
    session.rewind(0);
    expect((await session.prefill(ids)).result.logits).toEqual(await fresh(ids));
  });

  it('counts its clean tokens for the heads that are silenced', async () => {
    const pairs = executor.blueprint.layers.length * 4;
    const [none, one, other] = [[], [1], [2]].map((silent) =>
      Uint8Array.from({ length: pairs }, (_, pair) => Number(silent.includes(pair as never))),
    );
    const session = new Session(executor);
    const lengths = () => [undefined, none, one, other].map((mask) => session.cleanLengthUnder(mask));
    await session.advance(ids.slice(0, 5), { silenced: one! });
    await session.advance(ids.slice(5, 8), { silenced: one!.slice() });
    expect([session.cleanLength, ...lengths()]).toEqual([0, 0, 0, 8, 0]);
    await session.advance(ids.slice(8, 10), { silenced: other! });
    expect(lengths()).toEqual([0, 0, 8, 0]);
    session.rewind(0);
    await session.advance(ids.slice(0, 5), { silenced: none! });
    await session.advance(ids.slice(5, 6), { silenced: one! });
    await session.advance(ids.slice(6, 7));
    expect([session.cleanLength, ...lengths()]).toEqual([5, 5, 5, 0, 0]);
    session.dispose();
  });

  it('says how far its pass is while one runs', async () => {
    const session = new Session(executor);
    const pass = session.advance(ids);
    expect(session.progress).toMatchObject({ total: ids.length });
    await pass;
    expect(session.progress).toBeNull();
    await expect(session.advance([-1])).rejects.toThrow('E_TOKEN_RANGE');
    expect(session.progress).toBeNull();
  });

  it('returns from a branch without a trace', async () => {
    const session = new Session(executor);
    await session.advance(ids.slice(0, 50));
    const probed = await session.branch(async (probe) => {
      await probe.advance([5, 6, 7]);
      return probe.length;
    });
    expect(probed).toBe(53);
    expect(session.tokens).toEqual(ids.slice(0, 50));
    expect((await session.advance(ids.slice(50))).logits).toEqual(await fresh(ids));
  });

  it('returns from a branch that throws, and from a branch within a branch', async () => {
    const session = new Session(executor);
    await session.advance(ids.slice(0, 50));
    const failing = session.branch(async (probe) => {
      await probe.advance([5, 6]);
      await probe.branch((inner) => inner.advance([7]));
      expect(probe.length).toBe(52);
      throw new Error('the probe failed');
    });
    await expect(failing).rejects.toThrow('the probe failed');
    expect((await session.advance(ids.slice(50))).logits).toEqual(await fresh(ids));
  });

  it('goes on in a fork with the same bits, and neither notices the other', async () => {
    const session = new Session(executor, { contextLength: 300 });
    await session.advance(ids.slice(0, 30));
    const silenced = new Uint8Array(12).fill(1, 0, 1);
    await session.advance(ids.slice(30, 50), { silenced });
    const fork = await session.fork();
    expect([fork.tokens, fork.contextLength, fork.cleanLength]).toEqual([ids.slice(0, 50), 300, 30]);
    await session.advance([5, 6, 7]);
    session.rewind(10);
    const { logits } = await fork.advance(ids.slice(50), { silenced });
    const alone = new Session(executor, { contextLength: 300 });
    await alone.advance(ids.slice(0, 30));
    await alone.advance(ids.slice(30, 50), { silenced });
    expect(logits).toEqual((await alone.advance(ids.slice(50), { silenced })).logits);
    session.dispose();
    fork.rewind(0);
    expect((await fork.advance(ids)).logits).toEqual(await fresh(ids));
    expect(() => session.rewind(0)).toThrow(/E_DISPOSED/);
    await expect(session.fork()).rejects.toThrow(/E_DISPOSED/);
    const running = fork.advance([1]);
    await expect(fork.fork()).rejects.toThrow(/E_BUSY/);
    await running;
    // Whatever becomes of the session, and however soon, the fork has the tokens of its sequence.
    const forking = fork.fork();
    for (;;) {
      try {
        fork.rewind(10);
        break;
      } catch {
        await Promise.resolve();
      }
    }
    const whole = await forking;
    expect(whole.tokens).toEqual([...ids, 1]);
    expect((await whole.advance([4])).logits).toEqual(await fresh([...ids, 1, 4]));
  });

  it('does not let a branch rewind below its start', async () => {
    const session = new Session(executor);
    await session.advance(ids);
    await expect(session.branch(async (probe) => probe.rewind(3))).rejects.toThrow(/E_TOKEN_RANGE.*72/);
    session.rewind(3);
    expect(session.length).toBe(3);
  });

  it('stays usable when a prefill is aborted halfway', async () => {
    const session = new Session(executor, { contextLength: 512 });
    await session.advance(ids);
    const long = [...ids, ...Array.from({ length: 400 }, (_, i) => i % 500)];
    const controller = new AbortController();
    const aborted = session.prefill(long, { signal: controller.signal });
    setTimeout(() => controller.abort(), 60);
    await expect(aborted).rejects.toThrow(/E_ABORTED/);
    expect(session.tokens).toEqual(ids);
    const rest = [1, 2, 3];
    expect((await session.advance(rest)).logits).toEqual(await fresh([...ids, ...rest]));
  });

  it('is not changed by a token outside the vocabulary or a full context', async () => {
    const session = new Session(executor, { contextLength: 80 });
    await session.advance(ids);
    await expect(session.advance([1, 512])).rejects.toThrow(/E_TOKEN_RANGE/);
    await expect(session.advance(Array<number>(9).fill(1))).rejects.toThrow(/E_CONTEXT_FULL.*81.*80/);
    expect(session.length).toBe(72);
    expect((await session.advance([4])).logits).toEqual(await fresh([...ids, 4]));
  });

  it('stays usable when it is given what is no list of tokens', async () => {
    const session = new Session(executor);
    await session.advance(ids);
    const broken = Object.defineProperty([4], Symbol.iterator, {
      get: () => {
        throw new Error('broken');
      },
    });
    for (const tokens of [null, undefined, 4, 'four', {}] as unknown as number[][]) {
      await expect(session.advance(tokens)).rejects.toThrow(/E_TOKEN_RANGE/);
    }
    await session.advance(broken).catch(() => {});
    session.rewind(ids.length);
    expect((await session.advance([4])).logits).toEqual(await fresh([...ids, 4]));
  });

  it('keeps its tokens when it refuses ids', async () => {
    const session = new Session(executor, { contextLength: 80 });
    await session.advance(ids);
    for (const [refused, message] of [
      [[], /E_TOKEN_RANGE.*at least one token/],
      [[...ids.slice(0, 3), 512], /E_TOKEN_RANGE.*512 at index 3/],
      [[0.5], /E_TOKEN_RANGE.*0\.5 at index 0/],
      [Array<number>(81).fill(1), /E_CONTEXT_FULL.*81.*80/],
    ] as const) {
      await expect(session.prefill(refused)).rejects.toThrow(message);
      expect(() => session.reuse(refused)).toThrow(message);
      expect(session.tokens).toEqual(ids);
    }
    expect((await session.advance([4])).logits).toEqual(await fresh([...ids, 4]));
  });

  it('refuses a second pass while one is running', async () => {
    const session = new Session(executor);
    const first = session.advance(ids);
    expect(() => session.rewind(0)).toThrow(/E_BUSY/);
    await expect(session.advance([1])).rejects.toThrow(/E_BUSY/);
    await first;
    expect(session.length).toBe(72);
  });

  it('ends a pass with E_DISPOSED when it is disposed of during the pass, early or late', async () => {
    const long = Array.from({ length: 400 }, (_, i) => i % 500);
    const atOnce = (dispose: () => void): void => dispose();
    for (const when of [atOnce, setImmediate]) {
      const session = new Session(executor, { contextLength: 512 });
      await session.advance(ids);
      const pass = session.advance(long);
      when(() => session.dispose());
      await expect(pass).rejects.toMatchObject({ code: 'E_DISPOSED' });
      expect(session.length).toBe(0);
    }
  });

  it('passes on the error of a probe that disposed of it', async () => {
    const session = new Session(executor);
    await session.advance(ids);
    const failing = session.branch(async (probe) => {
      probe.dispose();
      throw new Error('the probe failed');
    });
    await expect(failing).rejects.toThrow('the probe failed');
  });

  it('stays within LongRoPE’s original length unless more is requested', async () => {
    const { plan, files } = await openFamily('phi3');
    const phi3 = await createReferenceExecutor(plan, files.checkpoint);
    await files.close();
    expect(new Session(phi3).contextLength).toBe(48);
    expect(new Session(phi3, { contextLength: 512 }).contextLength).toBe(512);
    await phi3.dispose();
  });

  it('refuses work after disposal, and a context longer than the model’s', async () => {
    const session = new Session(executor);
    session.dispose();
    await expect(session.advance([1])).rejects.toThrow(/E_DISPOSED/);
    expect(new Session(executor).contextLength).toBe(512);
    for (const contextLength of [0, 1.5, 513, Number.NaN]) {
      expect(() => new Session(executor, { contextLength })).toThrow(/E_CONTEXT_FULL.*512/);
    }
  });
});
