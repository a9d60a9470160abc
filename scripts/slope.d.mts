/** The slope of a line through points, and its 95 % interval. */
export interface Line {
  readonly mean: number;
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

type Points = readonly (readonly [x: number, y: number])[];

export function lineOf(points: Points): Line;

export function growthOf(
  name: string,
  points: Points,
  bound: { readonly most: number; readonly per: string },
): { readonly grows: boolean; readonly text: string };
