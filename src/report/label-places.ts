/** A point on a plot, the ends of its intervals and what is to be written beside it; pixels, from the top left. */
export interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly text: string;
}

/** Where a label stands: its left edge and its middle. */
export interface LabelPlace {
  readonly x: number;
  readonly y: number;
}

export interface LabelSize {
  /** Of one character, on average. */
  readonly characterWidth: number;
  readonly height: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const POINT_RADIUS = 6;
const GAP = 9;
/** How far up or down a label may be moved, in its own heights. */
const STEPS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5];
/** An interval's line and a little room. */
const LINE = 4;

/**
 * Puts labels beside their points such that they lie neither on each other nor on points and their intervals, if there is such a place
 * close by: to the right first, then to the left, above and below, then farther off. What finds no free place takes
 * the one where it covers least.
 * @returns one place for each point, in their order
 */
export function placeLabels(
  points: readonly LabelledPoint[],
  { width, height }: { readonly width: number; readonly height: number },
  size: LabelSize,
): LabelPlace[] {
  const taken = points.flatMap((point) => [
    boxOf(point.x - POINT_RADIUS, point.y, 2 * POINT_RADIUS, 2 * POINT_RADIUS),
    boxOf(point.left, point.y, point.right - point.left, LINE),
    { left: point.x - LINE / 2, right: point.x + LINE / 2, top: point.top, bottom: point.bottom },
  ]);
  return points.map(({ x, y, text }) => {
    const wide = text.length * size.characterWidth;
    const candidates = STEPS.flatMap((step) => {
      const at = y + step * size.height;
      const places = [
        { x: x + GAP, y: at },
        { x: x - GAP - wide, y: at },
      ];
      return step === 0 ? places : [...places, { x: x - wide / 2, y: at }];
    });
    const costs = candidates.map((place) => {
      const box = boxOf(place.x, place.y, wide, size.height);
      const outside =
        Math.max(0, -box.left) +
        Math.max(0, box.right - width) +
        Math.max(0, -box.top) +
        Math.max(0, box.bottom - height);
      return taken.reduce((sum, other) => sum + overlap(box, other), outside * size.height);
    });
    const best = candidates[costs.indexOf(Math.min(...costs))]!;
    taken.push(boxOf(best.x, best.y, wide, size.height));
    return best;
  });
}

function boxOf(left: number, middle: number, width: number, height: number): Box {
  return { left, right: left + width, top: middle - height / 2, bottom: middle + height / 2 };
}

/** Square pixels that two boxes have in common. */
function overlap(a: Box, b: Box): number {
  const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}
