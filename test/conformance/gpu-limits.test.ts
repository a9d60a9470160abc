import { describe, expect, it, vi } from 'vitest';
import { Session } from '../../src/engine/index.js';
import { createGpuExecutor, describeGpu } from '../../src/executors/gpu/index.js';
import type { ForwardResult } from '../../src/executors/index.js';
import type { FamilyName } from '../support/families.js';
import { changedGpu, deviceOfFile, gpuName, hasNoFastGpu, hasNoGpu, withChanges } from '../support/gpu.js';
import { expectClose, spread } from './compare.js';
import { golden, openFamily, openGgufFixture } from './fixtures.js';

const STORAGE = 0x80;
const NONE = { requestAdapter: async () => null } as unknown as GPU;

/** Returns changes of a device: a switch that makes it report that its memory is full. */
function withMemory(device: GPUDevice, memory: { readonly isFull: boolean }): object {
  const scopes: GPUErrorFilter[] = [];
  return {
    pushErrorScope(filter: GPUErrorFilter) {
      scopes.push(filter);
      device.pushErrorScope(filter);
    },
    async popErrorScope() {
      const isFull = scopes.pop() === 'out-of-memory' && memory.isFull;
      const error = await device.popErrorScope();
      return isFull ? { message: 'out of memory' } : error;
    },
  };
}

/** Returns changes of a device that record in `held` the kind of every object that it has made and not freed. */
function withBooks(device: GPUDevice, held: Map<object, string>): object {
  const booked = (kind: string, made: GPUBuffer | GPUQuerySet): typeof made => {
    held.set(made, kind);
    const destroy = made.destroy.bind(made);
    made.destroy = () => {
      held.delete(made);
      destroy();
    };
    return made;
  };
  return {
    createBuffer: (descriptor: GPUBufferDescriptor) => booked('buffer', device.createBuffer(descriptor)),
    createQuerySet: (descriptor: GPUQuerySetDescriptor) =>
      booked('query set', device.createQuerySet(descriptor)),
  };
}

/** Returns a GPU that binds at most so many bytes, and refuses larger buffers. */
const smallGpu = (bytes: number): Promise<GPU> =>
  deviceOfFile((device) => {
    const limits = { maxStorageBufferBindingSize: bytes, maxBufferSize: 2 * bytes };
    const createBuffer = (wanted: GPUBufferDescriptor): GPUBuffer => {
      const most = (wanted.usage & STORAGE) === 0 ? limits.maxBufferSize : bytes;
      if (wanted.size > most) throw new Error(`a buffer of ${wanted.size} bytes, but the limit is ${most}`);
      return device.createBuffer(wanted);
    };
    return { limits, createBuffer };
  });

/** @param fixture a family, or a GGUF file of one, whose blocks are then multiplied in their stored form */
async function create(gpu: GPU, fixture = 'llama') {
  const isGguf = fixture.includes('.');
  const { plan, files } = await (isGguf ? openGgufFixture(fixture) : openFamily(fixture as FamilyName));
  try {
    const precision = isGguf ? 'auto' : 'f32';
    return await createGpuExecutor(gpu, plan, files.checkpoint, { precision });
  } finally {
    await files.close();
  }
}

describe('without an adapter', () => {
  it('fails, and says what to do', async () => {
    expect(await describeGpu(NONE)).toBeNull();
    await expect(create(NONE)).rejects.toThrow(/E_EXECUTOR: WebGPU finds no GPU.*doctor/);
  });
});

describe.skipIf(hasNoGpu())(`limits of ${gpuName}`, () => {
  it.skipIf(hasNoFastGpu())('names the buffer that is too large for the adapter', async () => {
    await expect(create(await smallGpu(16 * 1024))).rejects.toThrow(
      /E_EXECUTOR: the candidates takes \d+ bytes, but this GPU binds at most 16384/,
    );
  });

  it.skipIf(hasNoFastGpu()).each([
    ['gemma3', 64],
    ['llama', 64],
    ['olmo2', 64],
    // Blocks of 8 bits take a quarter of f32, so only a lower limit cuts them.
    ['llama.Q8_0', 20],
  ] as const)(
    'cuts matrices and passes of %s for an adapter that binds %i KiB, and gives the same bits',
    async (fixture, kibibytes) => {
      const { ids } = golden(fixture.split('.')[0] as FamilyName);
      const results = [];
      for (const gpu of [await deviceOfFile(), await smallGpu(kibibytes * 1024)]) {
        const executor = await create(gpu, fixture);
        const { layers } = executor.blueprint;
        const heads = layers.reduce((sum, { attention }) => sum + attention.heads, 0);
        const asked = {
          spans: Array.from({ length: 12 }, (_, span) => ({ start: 6 * span, end: 6 * span + 5 })),
          intervention: {
            target: [{ start: 3, end: 40 }],
            policy: 'split-softmax',
            strength: Float32Array.from({ length: heads }, (_, head) => (head % 3) / 2),
          },
          taps: { attention: [0], hidden: [layers.length] },
        } as const;
        const sequence = executor.open(128);
        const forward = (tokens: readonly number[], logits: 'all' | 'last', extras: object) =>
          executor.forward([{ sequence, tokens, logits, ...extras }]);
        results.push([
          await forward(ids.slice(0, 66), 'all', asked),
          await forward(ids.slice(66, 67), 'all', asked),
          await forward(ids.slice(67, 72), 'last', {}),
          await forward(ids.slice(71, 72), 'last', {}),
        ]);
        if (kibibytes < 64) {
          await executor.dispose();
          continue;
        }
        // A cache of 1,024 tokens has two buffers for keys where one has room for one key-value head.
        const long = executor.open(1024);
        const tokens = Array.from({ length: 600 }, (_, index) => ids[(7 * index) % ids.length]!);
        const extend = (start: number, end: number, extras: object) =>
          executor.forward([{ sequence: long, tokens: tokens.slice(start, end), logits: 'last', ...extras }]);
        results
          .at(-1)!
          .push(await extend(0, 250, {}), await extend(250, 530, asked), await extend(530, 531, asked));
        await executor.dispose();
      }
      expect(results[1]).toEqual(results[0]);
    },
  );

  // Some adapters of Safari and Firefox have no more: WebGPU's default limits, no subgroups, no timestamps.
  it('needs no features and only default limits, except to time kernels', async () => {
    const limits = { maxStorageBufferBindingSize: 128 * 2 ** 20, maxBufferSize: 256 * 2 ** 20 };
    const least = { limits, features: new Set() };
    const results = [];
    for (const gpu of [await deviceOfFile(), await deviceOfFile(() => least, least)]) {
      const executor = await create(gpu);
      const sequence = executor.open(64);
      const [{ logits }] = (await executor.forward([{ sequence, tokens: [1, 2, 3], logits: 'all' }])) as [
        ForwardResult,
      ];
      results.push(logits);
      if (results.length === 2) {
        await expect(executor.profile!({ sequence, tokens: [4], logits: 'none' })).rejects.toThrow(
          /E_UNSUPPORTED: this GPU cannot time kernels/,
        );
      }
      await executor.dispose();
    }
    // A GPU with subgroups adds in another order.
    expectClose(results[1]!, results[0]!, 1e-4 * spread(results[0]!), 'logits');
  });

  it("reports a lack of memory, and continues with the session's tokens", async () => {
    const memory = { isFull: false };
    const gpu = await deviceOfFile((device) => withMemory(device, memory));
    const executor = await create(gpu);
    const session = new Session(executor, { contextLength: 512 });
    const more = Array.from({ length: 300 }, (_, index) => index);
    await session.advance([1, 2, 3]);
    memory.isFull = true;
    await expect(session.advance(more)).rejects.toThrow(
      /E_EXECUTOR: the GPU has no memory left for the dialogue.*smaller precision or context/,
    );
    expect(session.tokens).toEqual([1, 2, 3]);
    await expect(create(gpu)).rejects.toThrow(/E_EXECUTOR: the GPU has no memory left for .* of layer 0/);

    memory.isFull = false;
    const undisturbed = new Session(executor, { contextLength: 512 });
    await undisturbed.advance([1, 2, 3]);
    const [after, alone] = [await session.advance(more), await undisturbed.advance(more)];
    expect(after.logits).toEqual(alone.logits);
    await executor.dispose();
  });

  it('frees the memory allocated for a pass that was aborted', async () => {
    const held = new Map<object, string>();
    let beforeAnswer = (): void => {};
    const gpu = await deviceOfFile((device) => ({
      ...withBooks(device, held),
      popErrorScope(): Promise<GPUError | null> {
        beforeAnswer();
        return device.popErrorScope();
      },
    }));
    const executor = await create(gpu);
    const sequence = executor.open(512);
    const forward = (tokens: readonly number[], signal?: AbortSignal) =>
      executor.forward([{ sequence, tokens, logits: 'last' }], signal ? { signal } : {});
    await forward([1, 2, 3]);
    // The next pass needs more memory than the first 256 tokens.
    const more = Array.from({ length: 300 }, (_, index) => index);
    await forward(more.slice(0, 250));
    const before = held.size;
    const gone = new AbortController();
    beforeAnswer = () => gone.abort();
    await expect(forward(more.slice(0, 60), gone.signal)).rejects.toMatchObject({ code: 'E_ABORTED' });
    beforeAnswer = () => {};
    expect(held.size).toBe(before);
    expect(sequence.length).toBe(253);
    await executor.dispose();
    expect([...held.values()]).toEqual([]);
  });

  it.skipIf(hasNoFastGpu())(
    'frees the buffers for timing kernels if there is not enough memory for all of them',
    async () => {
      const held = new Map<object, string>();
      const memory = { isFull: false };
      const gpu = await deviceOfFile((device) => ({
        ...withBooks(device, held),
        ...withMemory(device, memory),
      }));
      const executor = await create(gpu);
      const sequence = executor.open(64);
      const profile = () => executor.profile!({ sequence, tokens: [1, 2, 3], logits: 'none' });
      const expectFailure = async (what: string): Promise<void> => {
        const [size, { length }] = [held.size, sequence];
        memory.isFull = true;
        await expect(profile()).rejects.toThrow(`E_EXECUTOR: the GPU has no memory left for ${what}`);
        memory.isFull = false;
        expect(held.size).toBe(size);
        expect(sequence.length).toBe(length);
      };
      // The device's bandwidth is measured once, before anything is appended.
      await expectFailure('the bandwidth measurement');
      await profile();
      expect(sequence.length).toBe(3);
      await expectFailure('timestamps');
      expect([...held.values()]).not.toContain('query set');
      await executor.dispose();
    },
  );

  describe('a lost device', () => {
    /** Returns a GPU, and a function that destroys its device just before the queue takes its `count`-th submission from now. */
    async function loseableGpu(onSubmit = (): void => {}) {
      let device: GPUDevice | null = null;
      let left = Number.POSITIVE_INFINITY;
      const gpu = await changedGpu((adapter) => ({
        requestDevice: async (descriptor: GPUDeviceDescriptor) => {
          const fresh = await adapter.requestDevice(descriptor);
          device = fresh;
          const submit = (commands: GPUCommandBuffer[]): void => {
            if (--left === 0) fresh.destroy();
            onSubmit();
            fresh.queue.submit(commands);
          };
          return withChanges(fresh, { queue: withChanges(fresh.queue, { submit }) });
        },
      }));
      const loseAt = (count: number): void => {
        left = count;
      };
      return { gpu, loseAt, lose: () => device!.destroy() };
    }

    it.skipIf(hasNoFastGpu())(
      "is reported, and the session's tokens are kept, if the model cannot be read again",
      async () => {
        const { gpu, lose } = await loseableGpu();
        const executor = await create(gpu);
        const session = new Session(executor, { contextLength: 64 });
        await session.advance([1, 2, 3]);
        lose();
        await expect(session.advance([4])).rejects.toThrow(
          /E_EXECUTOR: the GPU was lost .*, and the model cannot be loaded again: .*doctor/,
        );
        expect(session.tokens).toEqual([1, 2, 3]);
        await executor.dispose();
      },
    );

    it.skipIf(hasNoFastGpu())('is not taken to be fast when it is replaced', async () => {
      const { plan, files } = await openFamily('llama');
      let submissions = 0;
      const { gpu, lose } = await loseableGpu(() => submissions++);
      const executor = await createGpuExecutor(gpu, plan, files.checkpoint, { precision: 'f32' });
      const [teacher, sequence] = [executor.open(64), executor.open(64)];
      /** Counts the parts that a token is cut into. */
      const token = async (of = sequence): Promise<number> => {
        submissions = 0;
        await executor.forward([{ sequence: of, tokens: [1], logits: 'last' }]);
        return submissions;
      };
      let nowMs = 0;
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 1000));
      try {
        expect(await token(teacher)).toBe(1);
        // Every part seems to take a second, so each dispatch becomes a part.
        for (let count = 0; count < 20; count++) await token(teacher);
        const parts = await token(teacher);
        expect(parts).toBeGreaterThan(10);
        lose();
        // The pass is lost, and then runs on the new device, in as many parts.
        expect(await token()).toBe(2 * parts);
      } finally {
        clock.mockRestore();
        await executor.dispose();
        await files.close();
      }
    });

    it.skipIf(hasNoFastGpu())('is replaced, and the dialogue goes on with the same bits', async () => {
      const { plan, files } = await openFamily('llama');
      const { gpu, lose, loseAt } = await loseableGpu();
      const [disturbed, undisturbed] = await Promise.all(
        [gpu, await deviceOfFile()].map((each) =>
          createGpuExecutor(each, plan, files.checkpoint, { precision: 'f32' }),
        ),
      );
      const { layers } = plan.blueprint;
      const heads = layers.reduce((sum, { attention }) => sum + attention.heads, 0);
      const intervene = (strength: number) => ({
        intervention: {
          target: [{ start: 1, end: 9 }],
          policy: 'split-softmax' as const,
          strength: new Float32Array(heads).fill(strength),
        },
        spans: [{ start: 1, end: 9 }],
      });
      const silenced = new Uint8Array(heads).fill(1, 2, 3);
      const { ids } = golden('llama');
      const answers = [];
      for (const executor of [undisturbed!, disturbed!]) {
        const [first, second] = [0, 1].map(() => new Session(executor, { contextLength: 128 }));
        const isDisturbed = executor === disturbed;
        // The history has a cut request, two strengths, silenced heads, and single tokens.
        await first!.advance(ids.slice(0, 20), intervene(0.5));
        await second!.advance(ids.slice(30, 37));
        first!.rewind(14);
        await first!.advance(ids.slice(14, 16), { silenced });
        await first!.advance(ids.slice(16, 17), intervene(0.3));
        const third = await first!.fork();
        if (isDisturbed) lose();
        // A copy of what is lost is computed again, too.
        const fourth = await second!.fork();
        // Two sequences meet the loss at the same time.
        const both = await Promise.all([
          first!.advance(ids.slice(17, 20), intervene(0.3)),
          second!.advance(ids.slice(37, 40)),
        ]);
        // The last pass of three is lost, then the first pass of the repetition.
        if (isDisturbed) loseAt(2);
        const long = await first!.advance([...ids, ...ids.slice(0, 20)].slice(0, 90), intervene(0.3));
        const copied = [
          await third.advance(ids.slice(17, 20), intervene(0.3)),
          await fourth.advance(ids.slice(37, 40)),
        ];
        answers.push([...both, long, ...copied]);
        expect(copied).toEqual(both);
        expect(first!.tokens).toHaveLength(110);
      }
      expect(answers[1]).toEqual(answers[0]);
      await Promise.all([disturbed, undisturbed].map((executor) => executor!.dispose()));
      await files.close();
    });
  });
});
