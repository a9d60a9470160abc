import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LabelledPoint, placeLabels } from './label-places.js';

const SIZE = { width: 600, height: 330 };
const LABEL = { characterWidth: 7, height: 16 };

const pointAt = (x: number, y: number, text: string): LabelledPoint => ({
  ...{ x, y, text },
  left: x - 10,
  right: x + 10,
  top: y - 10,
  bottom: y + 10,
});

describe('labels beside points', () => {
  it('are on the right if there is room', () => {
    const [only] = placeLabels([{ ...pointAt(100, 100, 'off'), left: 100, right: 100 }], SIZE, LABEL);
    expect(only!.x).toBeGreaterThan(100);
    expect(only!.y).toBe(100);
  });

  it('move to the left at the right edge, and stay on the plot', () => {
    const [only] = placeLabels([pointAt(595, 100, 'repetition')], SIZE, LABEL);
    expect(only!.x + 10 * LABEL.characterWidth).toBeLessThanOrEqual(600);
  });

  it('do not overlap, even if ten points are close together', () => {
    const points = Array.from({ length: 10 }, (_, at) => pointAt(300 + 4 * at, 160 + 3 * at, `arm ${at}`));
    const places = placeLabels(points, SIZE, LABEL);
    const overlapping = places.filter((place, at) =>
      places.some(
        (other, against) =>
          against < at &&
          Math.abs(other.x - place.x) < 5 * LABEL.characterWidth &&
          Math.abs(other.y - place.y) < LABEL.height,
      ),
    );
    expect(overlapping).toEqual([]);
  });

  it('cover no point, and are beside their own or have a leader line to it', () => {
    const points = [
      pointAt(134, 83, 'split-softmax, k = 0.7'),
      pointAt(147, 110, 'guidance, γ = 1.5'),
      pointAt(154, 59, 'growing'),
      pointAt(150, 72, 'split-softmax, k = 0.9'),
      pointAt(0, 218, 'off'),
    ];
    for (const [at, { x, y, leader }] of placeLabels(points, SIZE, LABEL).entries()) {
      const right = x + points[at]!.text.length * LABEL.characterWidth;
      const away = points.map((point) =>
        Math.hypot(Math.max(x - point.x, 0, point.x - right), Math.max(y - 8 - point.y, 0, point.y - y - 8)),
      );
      expect(Math.min(...away)).toBeGreaterThan(5);
      const near = away[at] === Math.min(...away) && away[at]! < 12;
      expect(near || leader !== null).toBe(true);
      if (leader !== null) {
        const start = Math.hypot(leader.x1 - points[at]!.x, leader.y1 - points[at]!.y);
        expect(start).toBeCloseTo(6);
      }
    }
  });

  it('are one per point, wherever the points are', () => {
    const anywhere = fc.record({ x: fc.nat(600), y: fc.nat(330), text: fc.string({ maxLength: 20 }) });
    fc.assert(
      fc.property(fc.array(anywhere, { maxLength: 12 }), (points) => {
        const places = placeLabels(
          points.map(({ x, y, text }) => pointAt(x, y, text)),
          SIZE,
          LABEL,
        );
        expect(places).toHaveLength(points.length);
      }),
    );
  });
});
