import { describe, expect, it } from 'vitest';
import { courseFigure } from './course.js';

const NAMES = { untouched: 'untouched', held: 'held', before: 'held, before' };

const point = (
  turn: number,
  untouched: number | null,
  held: number | null,
  before: number | null = null,
) => ({
  ...{ turn, untouched, held, before },
});

describe('the figure of a course', () => {
  it('has a point for each answered turn, higher for a higher share, inside the frame', () => {
    const { lines, height, ticks } = courseFigure(
      [point(1, 0.4, 0.5), point(2, 0.2, 0.4), point(3, null, 0.3)],
      NAMES,
    );
    const [untouched, , held] = lines.map(({ points }) => points);
    expect([untouched!.length, held!.length]).toEqual([2, 3]);
    expect(held![0]![1]).toBeLessThan(untouched![0]![1]);
    for (const [, y] of [...untouched!, ...held!]) {
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(height);
    }
    expect(ticks[0]!.share).toBe(0);
    expect(ticks.at(-1)!.share).toBeGreaterThanOrEqual(0.5);
  });

  it('keeps the names of lines apart that end at the same place, and leaves out a line that another covers', () => {
    const { lines } = courseFigure([point(1, 0.4, 0.5, 0.4), point(2, 0.2, 0.21, 0.2)], NAMES);
    const labels = Object.fromEntries(lines.map(({ name, label }) => [name, label]));
    expect(Math.abs(labels.held! - labels.untouched!)).toBeGreaterThanOrEqual(11);
    expect(labels.held!).toBeLessThan(labels.untouched!);
    expect(labels.before).toBeNull();
  });

  it('has room for the names of its lines, and spans the turns that there are', () => {
    const arms = { untouched: 'plain', held: 'split-softmax, k = 0.2, on the system message', before: '' };
    const { width, axis, lines } = courseFigure([point(3, 0.4, 0.5), point(5, 0.2, 0.4)], arms);
    expect(width - axis[1]).toBeGreaterThan(5 * arms.held.length);
    expect(lines[0]!.points.map(([x]) => x)).toEqual([...axis]);
  });

  it('is drawn for a single turn', () => {
    expect(courseFigure([point(1, 0.4, null)], NAMES).lines[0]!.points).toHaveLength(1);
  });
});
