import { describe, expect, it } from 'vitest';
import { Commands } from './commands.js';
import { PART_MS, Pace } from './pace.js';
import type { Step } from './step.js';
import { Submitter } from './submitter.js';

/**
 * A queue that charges a time for each dispatch. Its clock stands still except while somebody waits for a part to end:
 * then that part's time has passed.
 */
function chargingQueue(msOf: (dispatch: number) => number) {
  let nowMs = 0;
  let freeAtMs = 0;
  const parts: { readonly dispatches: readonly number[]; readonly ms: number; queued: number }[] = [];
  let running = 0;
  const order: number[] = [];
  const device = {
    lost: null as string | null,
    submit(record: (encoder: GPUCommandEncoder) => void): Promise<string | null> {
      const dispatches: number[] = [];
      const pass = {
        setPipeline: (pipeline: unknown) => dispatches.push(pipeline as number),
        setBindGroup() {},
        dispatchWorkgroups() {},
        end() {},
      };
      record({ beginComputePass: () => pass } as unknown as GPUCommandEncoder);
      const ms = dispatches.reduce((sum, dispatch) => sum + msOf(dispatch), 0);
      running++;
      parts.push({ dispatches, ms, queued: running });
      order.push(...dispatches);
      return Promise.resolve(null);
    },
    async finished(): Promise<unknown> {
      const { ms } = parts.at(-1)!;
      freeAtMs = Math.max(freeAtMs, nowMs) + ms;
      const endsAtMs = freeAtMs;
      await new Promise((resolve) => setImmediate(resolve));
      nowMs = Math.max(nowMs, endsAtMs);
      running--;
      return null;
    },
  };
  return { device, parts, order, nowMs: () => nowMs };
}

/** Returns dispatches of equal work, whose pipelines are their numbers. */
function dispatches(count: number, flops: number): Commands {
  const commands = new Commands();
  for (let number = 0; number < count; number++) {
    const step = { program: { pipeline: number }, group: () => null } as unknown as Step;
    commands.run(step, commands, [], [1], { bytes: 0, reads: 0, flops });
  }
  return commands;
}

const submission = (device: { finished(): Promise<unknown> }, check = (): void => {}) => ({
  profiler: null,
  check,
  ended: () => device.finished(),
});

describe('a submitter', () => {
  // The guess is 10 ms a dispatch.
  it.each([0.1, 1, 4, 12, 30])(
    'cuts passes into parts of about 50 ms on a GPU of %d ms a dispatch',
    async (ms) => {
      const { device, parts, order, nowMs } = chargingQueue(() => ms);
      const submitter = new Submitter(device, new Pace(), nowMs);
      const { all } = dispatches(2000, 2e9);
      await submitter.submit(all, submission(device));
      await submitter.idle();
      expect(order).toEqual(all.map((_, number) => number));
      const learned = parts.slice(20, -1);
      for (const part of learned) {
        expect(part.ms).toBeLessThanOrEqual(Math.max(ms, 1.3 * PART_MS));
        expect(part.ms).toBeGreaterThan(PART_MS / 2 - ms);
      }
      // The host prepares a part while another runs, and no more.
      expect(Math.max(...parts.map(({ queued }) => queued))).toBe(2);
    },
  );

  it('remembers from pass to pass how fast the GPU is', async () => {
    const { device, parts, nowMs } = chargingQueue(() => 40);
    const submitter = new Submitter(device, new Pace(), nowMs);
    for (let pass = 0; pass < 10; pass++) {
      await submitter.submit(dispatches(10, 2e9).all, submission(device));
    }
    await submitter.idle();
    expect(parts[0]!.ms).toBe(200);
    expect(parts.slice(-10).map((part) => part.ms)).toEqual(Array(10).fill(40));
  });

  it('never cuts a dispatch, and submits what takes no time with what comes before', async () => {
    const { device, parts, nowMs } = chargingQueue(() => 1);
    const { all } = dispatches(3, 1e12);
    await new Submitter(device, new Pace(), nowMs).submit(
      [...all, ...dispatches(5, 0).all],
      submission(device),
    );
    expect(parts.map((part) => part.dispatches.length)).toEqual([1, 1, 6]);
  });

  it('takes fewer rows for a dispatch on a slow GPU, as a dispatch cannot be cut', async () => {
    for (const [ms, least, most] of [
      [10, 128, 128],
      [1, 1024, 1536],
      [40, 32, 32],
      [400, 32, 32],
    ] as const) {
      const { device, nowMs } = chargingQueue(() => ms);
      const submitter = new Submitter(device, new Pace(), nowMs);
      expect(submitter.rows(78e6)).toBe(128);
      for (let pass = 0; pass < 10; pass++) {
        await submitter.submit(dispatches(10, 2e9).all, submission(device));
      }
      await submitter.idle();
      expect(submitter.rows(78e6)).toBeGreaterThanOrEqual(least);
      expect(submitter.rows(78e6)).toBeLessThanOrEqual(most);
    }
  });

  it('learns nothing from parts that are too short to tell', async () => {
    const { device, nowMs } = chargingQueue(() => 3);
    const submitter = new Submitter(device, new Pace(), nowMs);
    for (let pass = 0; pass < 20; pass++) {
      await submitter.submit(dispatches(1, 2e6).all, submission(device));
      await submitter.idle();
    }
    expect(submitter.rows(78e6)).toBe(128);
  });

  it('takes a quarter of the rows, not fewer, after one part that took very long on a busy host', async () => {
    const { device, nowMs } = chargingQueue(() => 50_000);
    const submitter = new Submitter(device, new Pace(), nowMs);
    const before = submitter.rows(1e6);
    await submitter.submit(dispatches(1, 2e9).all, submission(device));
    await submitter.idle();
    expect(submitter.rows(1e6)).toBeLessThan(before / 3.9);
    expect(submitter.rows(1e6)).toBeGreaterThan(before / 4.1);
  });

  it('takes a quarter of the time for a part after a loss, and learns nothing from the parts that were lost', async () => {
    const { device, nowMs } = chargingQueue(() => 10);
    const pace = new Pace();
    const submitter = new Submitter(device, pace, nowMs);
    await submitter.submit(dispatches(20, 2e9).all, submission(device));
    await submitter.idle();
    expect(submitter.rows(1e6)).toBe(9984);
    // Their work ends at once.
    const ended = async (): Promise<unknown> => null;
    device.lost = 'the driver was restarted';
    await submitter.submit(dispatches(5, 2e9).all, { ...submission(device), ended });
    await submitter.idle();
    device.lost = null;
    const failing = { ...submission(device), ended: async () => new Error('lost') };
    await submitter.submit(dispatches(5, 2e9).all, failing);
    await submitter.idle();
    expect(submitter.rows(1e6)).toBe(9984);
    pace.observeLoss();
    const next = chargingQueue(() => 10);
    await new Submitter(next.device, pace, next.nowMs).submit(
      dispatches(20, 2e9).all,
      submission(next.device),
    );
    expect(next.parts[0]!.ms).toBe(10);
  });

  it('stops between two parts if the pass was aborted', async () => {
    const { device, parts, nowMs } = chargingQueue(() => 10);
    const submitter = new Submitter(device, new Pace(), nowMs);
    const aborted = new Error('aborted');
    const check = (): void => {
      if (parts.length === 3) throw aborted;
    };
    await expect(submitter.submit(dispatches(100, 2e9).all, submission(device, check))).rejects.toBe(aborted);
    expect(parts).toHaveLength(3);
    await submitter.submit(dispatches(1, 2e9).all, submission(device));
    expect(parts).toHaveLength(4);
  });

  it('returns what the device refused, in whichever part', async () => {
    const { device, nowMs } = chargingQueue(() => 10);
    let part = 0;
    const refusing = {
      ...device,
      submit: (record: (encoder: GPUCommandEncoder) => void) =>
        device.submit(record).then(() => (part++ === 1 ? 'the second part is wrong' : null)),
    };
    const { refused } = await new Submitter(refusing, new Pace(), nowMs).submit(
      dispatches(20, 2e9).all,
      submission(refusing),
    );
    expect(await refused).toBe('the second part is wrong');
  });
});
