/** A point on a plot, the ends of its intervals and its label; in pixels from the top left. */
export interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly text: string;
}

/** The place of a label: its left edge, its vertical middle, and a leader line if it is away from its point. */
export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  readonly leader: Leader | null;
}

/** A line from the edge of a point to its label. */
export interface Leader {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Size of a label, in pixels. */
export interface LabelSize {
  /** Average width of one character. */
  readonly characterWidth: number;
  readonly height: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Spot {
  readonly x: number;
  readonly y: number;
}

const POINT_RADIUS = 6;
/** Distances of a label from its point, in pixels. The first is beside it; the others need a leader line. */
const DISTANCES = [9, 22, 36, 52, 72, 96, 124];
/** Directions from the point to its label, in turns clockwise from the right, preferred ones first. */
const DIRECTIONS = [0, 0.5, 0.25, 0.75, 0.06, 0.94, 0.44, 0.56, 0.125, 0.875, 0.375, 0.625];
/** Width of an interval's line with a margin. */
const LINE = 4;
/** Margin between two labels. */
const ROOM = 2;
/** Passes over all labels: each pass moves a label given the places of the others. */
const PASSES = 4;

/** Costs of a place. The unit is one square pixel of a label over an interval. */
const COST = {
  /** A square pixel over another label or a point, or outside the plot. */
  covered: 30,
  /** A pixel of distance from its own point. */
  distance: 4,
  /** Being nearer to another point than to its own. */
  ambiguous: 600,
  /** Each label or point that its leader line crosses. */
  crossed: 1500,
};

/**
 * Places labels beside their points. Labels avoid each other, points and, where possible, intervals, and are nearer to
 * their own point than to any other. A label without such a place is put farther away, with a leader line.
 * @returns one place per point, in their order
 */
export function placeLabels(
  points: readonly LabelledPoint[],
  { width, height }: { readonly width: number; readonly height: number },
  size: LabelSize,
): LabelPlace[] {
  const intervals = points.flatMap(({ x, y, left, right, top, bottom }) => [
    { left, right, top: y - LINE / 2, bottom: y + LINE / 2 },
    { left: x - LINE / 2, right: x + LINE / 2, top, bottom },
  ]);
  const dots = points.map(({ x, y }) => boxOf(x - POINT_RADIUS, y, 2 * POINT_RADIUS, 2 * POINT_RADIUS));
  const boxes: Box[] = [];
  /** Returns the cost of a place for the label of a point, given the places of the others. */
  const costsAt = (at: number): ((box: Box) => number) => {
    const point = points[at]!;
    const others = points.filter((other) => other !== point);
    const labels = boxes.filter((_, other) => other !== at);
    const solid = [...dots, ...labels.map(withRoom)];
    const obstacles = [...dots.filter((_, other) => other !== at), ...labels];
    const leaders = points.flatMap((other, own) => {
      const label = boxes[own];
      return own === at || label === undefined ? [] : [leaderTo(label, other)];
    });
    return (box) => {
      const away = distance(box, point);
      const covered = solid.reduce((sum, other) => sum + overlap(box, other), outside(box, width, height));
      const ambiguous = others.some((other) => distance(box, other) < away - 2);
      const leader = leaderTo(box, point);
      const through = obstacles.filter((other) => crosses(leader, other));
      const lines = leaders.filter((other) => crosses(other, box));
      return (
        COST.covered * covered +
        intervals.reduce((sum, other) => sum + overlap(box, other), 0) +
        COST.distance * away +
        (ambiguous ? COST.ambiguous : 0) +
        COST.crossed * (through.length + lines.length)
      );
    };
  };
  for (let pass = 0; pass < PASSES; pass++) {
    for (const [at, point] of points.entries()) {
      const candidates = placesAround(point, size);
      const costOf = costsAt(at);
      // The order breaks ties: earlier candidates are preferred.
      const costs = candidates.map((box, order) => costOf(box) + order);
      boxes[at] = candidates[costs.indexOf(Math.min(...costs))]!;
    }
  }
  return points.map((point, at) => {
    const box = boxes[at]!;
    const away = distance(box, point);
    const needed = away > DISTANCES[0]! + 1 || points.some((other) => distance(box, other) < away);
    return {
      x: box.left,
      y: (box.top + box.bottom) / 2,
      leader: needed && away > POINT_RADIUS ? leaderTo(box, point) : null,
    };
  });
}

/** Returns candidate boxes for a point's label, the preferred ones first. */
function placesAround({ x, y, text }: LabelledPoint, { characterWidth, height }: LabelSize): Box[] {
  const wide = text.length * characterWidth;
  return DISTANCES.flatMap((radius) =>
    DIRECTIONS.map((turn) => {
      const [across, down] = [Math.cos(2 * Math.PI * turn), Math.sin(2 * Math.PI * turn)];
      // The radius is the distance of the side or corner that faces the point.
      const left = x + radius * across - wide * (0.5 - 0.5 * stepped(across));
      return boxOf(left, y + radius * down + 0.5 * height * stepped(down), wide, height);
    }),
  );
}

/** Returns −1, 0 or 1; small components count as 0. */
const stepped = (part: number): number => (Math.abs(part) < 0.3 ? 0 : Math.sign(part));

function boxOf(left: number, middle: number, width: number, height: number): Box {
  return { left, right: left + width, top: middle - height / 2, bottom: middle + height / 2 };
}

const withRoom = ({ left, right, top, bottom }: Box): Box => ({
  ...{ left: left - ROOM, right: right + ROOM },
  ...{ top: top - ROOM, bottom: bottom + ROOM },
});

/** Returns the area that two boxes share, in square pixels. */
function overlap(a: Box, b: Box): number {
  const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** Returns the area of a box outside the plot, in square pixels. */
function outside(box: Box, width: number, height: number): number {
  const plot = { left: 0, right: width, top: 0, bottom: height };
  return (box.right - box.left) * (box.bottom - box.top) - overlap(box, plot);
}

/** Returns the spot in a box that is nearest to a given spot. */
function nearest({ left, right, top, bottom }: Box, { x, y }: Spot): Spot {
  return { x: Math.min(right, Math.max(left, x)), y: Math.min(bottom, Math.max(top, y)) };
}

function distance(box: Box, spot: Spot): number {
  const { x, y } = nearest(box, spot);
  return Math.hypot(x - spot.x, y - spot.y);
}

function leaderTo(box: Box, { x, y }: Spot): Leader {
  const end = nearest(box, { x, y });
  const part = POINT_RADIUS / Math.max(POINT_RADIUS, Math.hypot(end.x - x, end.y - y));
  return { x1: x + part * (end.x - x), y1: y + part * (end.y - y), x2: end.x, y2: end.y };
}

/** Whether part of a line is inside a box (Liang–Barsky clipping). */
function crosses({ x1, y1, x2, y2 }: Leader, { left, right, top, bottom }: Box): boolean {
  let [from, to] = [0, 1];
  for (const [step, room] of [
    [x1 - x2, x1 - left],
    [x2 - x1, right - x1],
    [y1 - y2, y1 - top],
    [y2 - y1, bottom - y1],
  ] as const) {
    if (step === 0 && room <= 0) return false;
    if (step < 0) from = Math.max(from, room / step);
    if (step > 0) to = Math.min(to, room / step);
  }
  return from < to;
}
