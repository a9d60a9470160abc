import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partsOf } from '../../kernels/draw.js';
import { checkSampling, createSampler, type SamplingOptions } from '../../src/engine/index.js';
import { Commands, encode } from '../../src/executors/gpu/commands.js';
import { Device } from '../../src/executors/gpu/device.js';
import { createGpuExecutor } from '../../src/executors/gpu/index.js';
import { compilePicker, Picker, pickedCandidates } from '../../src/executors/gpu/picker.js';
import { ReadBack } from '../../src/executors/gpu/read-back.js';
import { Step } from '../../src/executors/gpu/step.js';
import { type CandidateRequest, type Candidates, candidatesOf } from '../../src/executors/index.js';
import { createRandom } from '../../src/random.js';
import { changedGpu, gpuName, hasNoFastGpu, openGpu, withChanges } from '../support/gpu.js';
import { openFamily } from './fixtures.js';

/** Vocabularies of two parts and one token, of twelve parts as in a real model, and of 64 parts, the maximum. */
const SIZES = [4097, 49_152, 262_145] as const;

const GREEDY: SamplingOptions = { temperature: 0 };
const DRAWS: readonly SamplingOptions[] = [
  GREEDY,
  { temperature: 1, topK: 40 },
  { temperature: 0.7, topK: 1000, topP: 0.9 },
  { temperature: 0.7, topP: 0.9 },
  { temperature: 1, topP: 0.5, topLogProbabilities: 100 },
  { temperature: 1.5, minP: 0.05, topP: 1 },
];

const wantedFor = (draw: SamplingOptions): CandidateRequest => createSampler(checkSampling(draw)).wanted!;

/** Runs the programs that pick candidates on given logits. */
async function openPicker(vocabSize: number, threads: number) {
  const device = await Device.open(await openGpu());
  const programs = await compilePicker((...kernel) => Step.compile(device, ...kernel), {
    vocabSize,
    threads,
  });
  const { logits, picker } = await device.allocate('a row', () => ({
    logits: device.storage('the logits', 4 * vocabSize),
    picker: new Picker(device, programs, vocabSize),
  }));
  const readBack = new ReadBack(device);
  return {
    picker,
    async pick(row: Float32Array, request: CandidateRequest): Promise<Candidates | null> {
      let candidates: Candidates | null = null;
      const take = (floats: Float32Array): void => {
        candidates = pickedCandidates(floats, request, vocabSize);
      };
      const readings = [{ buffer: picker.picked, words: Picker.pickedWords, take }];
      const open = await readBack.open(readings);
      device.write(logits, row);
      picker.write(request);
      const commands = new Commands();
      picker.record(commands, logits);
      open.record(commands);
      const refused = device.submit((encoder) => encode(commands.all, encoder));
      open.ended();
      await open.take(refused);
      return candidates;
    },
    dispose: () => device.dispose(),
  };
}

/** Returns logits like a model's: a broad bell, and a few far above it. */
function bell(vocabSize: number, seed: number): Float32Array {
  const random = createRandom(seed);
  const logits = Float32Array.from({ length: vocabSize }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return 2 * normal;
  });
  for (let peak = 0; peak < 20; peak++) logits[Math.floor(random() * vocabSize)] = 16 - 0.4 * peak;
  return logits;
}

/** Checks that picked candidates are the host's, as far as both lists go, and that draws from them are the same. */
function expectHosts(
  candidates: Candidates | null,
  row: Float32Array,
  draw: SamplingOptions,
  what: string,
): void {
  if (candidates === null) expect.fail(`${what}: nothing was picked`);
  const expected = candidatesOf(row, wantedFor(draw));
  const both = Math.min(candidates.ids.length, expected.ids.length);
  expect(both, what).toBeGreaterThan(0);
  expect(candidates.ids.slice(0, both), what).toEqual(expected.ids.slice(0, both));
  expect(candidates.logits, what).toEqual(Float32Array.from(candidates.ids, (id) => row[id]!));
  expect(Math.abs(candidates.normaliser - expected.normaliser), `${what}: normaliser`).toBeLessThan(1e-4);
  expect(Math.abs(candidates.total - expected.total), `${what}: total`).toBeLessThanOrEqual(
    1e-4 * expected.total,
  );
  const [picked, whole] = [createSampler(checkSampling(draw)), createSampler(checkSampling(draw))];
  for (let i = 0; i < 5; i++) {
    const [one, other] = [picked.next({ logits: row, candidates }, []), whole.next({ logits: row }, [])];
    expect(one.id, what).toBe(other.id);
    expect(one.topLogProbabilities.map(({ id }) => id)).toEqual(
      other.topLogProbabilities.map(({ id }) => id),
    );
  }
}

describe
  .skipIf(hasNoFastGpu())
  .each(SIZES.flatMap((vocabSize) => [8, 64].map((threads) => ({ vocabSize, threads }))))(
  `picking of $vocabSize tokens by $threads threads on ${gpuName}`,
  ({ vocabSize, threads }) => {
    let rig: Awaited<ReturnType<typeof openPicker>>;

    beforeAll(async () => {
      rig = await openPicker(vocabSize, threads);
    });
    afterAll(() => rig.dispose());

    const expectAll = async (row: Float32Array, draws = DRAWS): Promise<void> => {
      for (const draw of draws) {
        expectHosts(await rig.pick(row, wantedFor(draw)), row, draw, JSON.stringify(draw));
      }
    };

    it("finds the host's candidates, wherever the best ones are", async () => {
      await expectAll(bell(vocabSize, 1));
      // The best one is first or last in the row, or in a part.
      const part = Math.ceil(vocabSize / partsOf(vocabSize));
      for (const place of [0, part - 1, part, vocabSize - 1]) {
        const row = bell(vocabSize, 2);
        row[place] = 17;
        await expectAll(row, [GREEDY, DRAWS[3]!]);
      }
    });

    it('takes the lowest ids first among equal logits, in any part', async () => {
      const coarse = bell(vocabSize, 3).map((logit) => Math.round(logit));
      // A step near the middle of the bell has more equal logits than there is room for: the host makes those draws.
      await expectAll(coarse, [GREEDY, DRAWS[3]!]);
      const few = new Float32Array(vocabSize).fill(-20);
      // 303, which 10 does not divide, so that rounding does not decide which of them is the last within top-p.
      for (let tie = 0; tie < 303; tie++) few[vocabSize - 1 - tie * Math.floor(vocabSize / 303)] = 1;
      await expectAll(few, [GREEDY, { temperature: 1, topK: 40 }, { temperature: 1, topP: 0.9 }]);
    });

    it('leaves a row to the host if it is flat, or if a draw can reach too many tokens', async () => {
      const flat = new Float32Array(vocabSize).fill(3);
      for (const draw of DRAWS)
        expect(await rig.pick(flat, wantedFor(draw)), JSON.stringify(draw)).toBeNull();
      const bellOnly = bell(vocabSize, 4).map((logit) => Math.min(logit, 8) / 4);
      expect(await rig.pick(bellOnly, wantedFor({ temperature: 1, topP: 0.999 }))).toBeNull();
      expect(await rig.pick(bellOnly, wantedFor({ temperature: 1, topP: 1, minP: 1e-6 }))).toBeNull();
    });

    it('handles excluded tokens: some of a part, and all but one', async () => {
      const row = bell(vocabSize, 5);
      row.fill(Number.NEGATIVE_INFINITY, 0, Math.floor(vocabSize / 2));
      await expectAll(row);
      const one = new Float32Array(vocabSize).fill(Number.NEGATIVE_INFINITY);
      one[vocabSize - 2] = -5;
      await expectAll(one, [
        GREEDY,
        { temperature: 0.7, topP: 0.95 },
        { temperature: 1, topP: 1, minP: 0.1 },
      ]);
    });

    it('leaves a row without probabilities to the host', async () => {
      for (const [what, value, place] of [
        ['NaN in the first place', Number.NaN, 0],
        ['NaN in the last', Number.NaN, vocabSize - 1],
        ['+∞', Number.POSITIVE_INFINITY, vocabSize >> 1],
      ] as const) {
        const row = bell(vocabSize, 6);
        row[place] = value;
        for (const draw of DRAWS) expect(await rig.pick(row, wantedFor(draw)), what).toBeNull();
      }
      const none = new Float32Array(vocabSize).fill(Number.NEGATIVE_INFINITY);
      for (const draw of DRAWS) expect(await rig.pick(none, wantedFor(draw)), 'all −∞').toBeNull();
    });

    it('knows in advance which draws it cannot pick for', () => {
      const canPick = (draw: Partial<CandidateRequest>): boolean =>
        rig.picker.canPick({ temperature: 1, topK: 0, topP: 1, minP: 0, least: 1, ...draw });
      expect(canPick({ topK: 1024 })).toBe(true);
      expect(canPick({ topK: 1025, topP: 0.5 })).toBe(false);
      expect(canPick({ topK: vocabSize, topP: 0.5 })).toBe(true);
      expect(canPick({ topP: 0.5, least: 1025 })).toBe(false);
      expect(canPick({})).toBe(false);
      expect(canPick({ topP: 0.5, temperature: 1e-38 })).toBe(true);
      expect(canPick({ topP: 0.5, temperature: 1e-39 })).toBe(false);
      expect(canPick({ temperature: 0 })).toBe(true);
    });
  },
);

describe.skipIf(hasNoFastGpu())(`waiting for draws on ${gpuName}`, () => {
  it('happens once, whether candidates can be picked or not', async () => {
    let submissions = 0;
    const gpu = await changedGpu((adapter) => ({
      requestDevice: async (descriptor: GPUDeviceDescriptor) => {
        const device = await adapter.requestDevice(descriptor);
        const submit = (commands: GPUCommandBuffer[]): void => {
          submissions++;
          device.queue.submit(commands);
        };
        return withChanges(device, { queue: withChanges(device.queue, { submit }) });
      },
    }));
    const { plan, files } = await openFamily('llama');
    const executor = await createGpuExecutor(gpu, plan, files.checkpoint, { precision: 'f32' });
    await files.close();
    const sequence = executor.open(8);
    const forward = async (logits: CandidateRequest | 'last') => {
      sequence.truncate(0);
      submissions = 0;
      const [result] = await executor.forward([{ sequence, tokens: [5, 6, 7], logits }]);
      return result!;
    };
    const { logits: row } = await forward('last');
    // The temperature of the last one has no inverse in f32.
    for (const draw of [
      { temperature: 0 },
      { temperature: 1, topP: 0.5 },
      { temperature: 1e-39, topP: 0.5 },
    ]) {
      const { candidates } = await forward(wantedFor(draw));
      expect(submissions, JSON.stringify(draw)).toBe(1);
      expectHosts(candidates!, row, draw, JSON.stringify(draw));
    }
    await executor.dispose();
  });
});
