import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StudyEvent } from '../../../src/studio/study-protocol.js';
import { closeStudy, failure, isWriting, openStudy, study, writeReport } from './studies.js';

interface Call {
  readonly name: string;
  readonly report: (event: StudyEvent) => void;
  readonly resolve: (returns: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** An engine whose operations end when the test says so. */
const engine = vi.hoisted(() => {
  const calls: Call[] = [];
  return {
    calls,
    run: (name: string, _: unknown, options?: { readonly report?: Call['report'] }) =>
      new Promise((resolve, reject) => {
        calls.push({ name, report: options?.report ?? (() => {}), resolve, reject });
      }),
  };
});
vi.mock('./engine.js', () => ({ engine }));

const plan = (name: string): StudyEvent => ({ kind: 'plan', name, cells: [] });

beforeEach(() => {
  vi.useFakeTimers();
  engine.calls.length = 0;
});
afterEach(() => {
  closeStudy();
  vi.useRealTimers();
});

describe('a study that is no longer followed', () => {
  it('has not failed, whatever becomes of it', async () => {
    void openStudy('one');
    const [first] = engine.calls;
    void openStudy('two');
    first!.reject(new Error('the server of this page does not answer'));
    await vi.advanceTimersByTimeAsync(5000);
    expect([failure.value, engine.calls.length]).toEqual([null, 2]);
    engine.calls[1]!.report(plan('two'));
    first!.report(plan('one'));
    expect(study.value!.name).toBe('two');
    closeStudy();
    engine.calls[1]!.reject(new Error('gone'));
    await vi.advanceTimersByTimeAsync(5000);
    expect(failure.value).toBeNull();
  });

  it('takes its failure with it, and leaves its report to itself', async () => {
    void openStudy('one');
    engine.calls[0]!.report(plan('one'));
    void writeReport();
    void openStudy('two');
    engine.calls[2]!.report(plan('two'));
    engine.calls[1]!.resolve(null);
    await vi.advanceTimersByTimeAsync(0);
    expect([study.value!.reportMs, isWriting.value]).toEqual([null, false]);
    engine.calls[2]!.reject(new Error('the disk is gone'));
    await vi.advanceTimersByTimeAsync(0);
    expect(failure.value).toBe('the disk is gone');
    void openStudy('one');
    expect(failure.value).toBeNull();
  });
});

it('a study that fails while it is followed says so, and is asked for again', async () => {
  void openStudy('one');
  engine.calls[0]!.reject(new Error('gone'));
  await vi.advanceTimersByTimeAsync(0);
  expect(failure.value).toBe('gone');
  await vi.advanceTimersByTimeAsync(2500);
  engine.calls[1]!.report(plan('one'));
  expect([failure.value, study.value!.name]).toEqual([null, 'one']);
});
