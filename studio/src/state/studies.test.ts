import { describe, expect, it } from 'vitest';
import type { StudyEvent } from '../../../src/studio/study-protocol.js';
import { cellRows } from '../view/cell-rows.js';
import { afterEvent, type OpenStudy, progressOf } from './open-study.js';

const cell = (arm: string, index: number, kind = 'dialogue') => ({
  ...{ kind, arm, index, seed: 1, model: 'organism', source: 'prompts' },
  address: `${arm}${index}`,
});
const PLAN: StudyEvent = {
  kind: 'plan',
  name: 'mine',
  cells: [cell('off', 0), cell('held', 0), cell('off', 1)],
};
const studyAfter = (...events: readonly StudyEvent[]): OpenStudy =>
  events.reduce<OpenStudy | null>((study, event) => afterEvent(study, event), null)!;
const news = (at: number, state: 'done' | 'failed', writtenMs: number) => ({
  at,
  state,
  error: null,
  writtenMs,
});

describe('an open study', () => {
  it('begins with missing cells, and knows of each what was told last', () => {
    const study = studyAfter(
      PLAN,
      { kind: 'cells', cells: [news(0, 'done', 1000), news(2, 'failed', 2000)] },
      { kind: 'cells', cells: [news(2, 'done', 3000)] },
      { kind: 'report', writtenMs: 2500 },
    );
    expect(study.isRead).toBe(false);
    expect(afterEvent(study, { kind: 'read' })!.isRead).toBe(true);
    expect(study.news.map(({ state }) => state)).toEqual(['done', 'missing', 'done']);
    expect(study.reportMs).toBe(2500);
    expect(cellRows(study).map(({ arm, states }) => [arm, states])).toEqual([
      ['off', ['done', 'done']],
      ['held', ['missing']],
    ]);
  });

  it('forgets what it knew of cells when the plan changes', () => {
    const study = studyAfter(PLAN, { kind: 'cells', cells: [news(0, 'done', 1)] }, PLAN);
    expect(study.news.every(({ state }) => state === 'missing')).toBe(true);
  });

  it('takes its speed from the cells of the last minutes, not from those of an earlier run', () => {
    const now = 100 * 60_000;
    const cells = [news(0, 'done', 1000), news(1, 'done', now - 60_000), news(2, 'failed', now - 30_000)];
    const progress = progressOf(studyAfter(PLAN, { kind: 'cells', cells }), now);
    expect(progress).toEqual({
      counts: { missing: 0, done: 2, failed: 1, damaged: 0 },
      ...{ total: 3, newestMs: now - 30_000, perMinute: 2 },
    });
    expect(progressOf(studyAfter(PLAN), now)).toMatchObject({ newestMs: null, perMinute: null });
  });
});
