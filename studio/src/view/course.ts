import type { Column } from '../../../src/studio/protocol.js';
import type { Round } from '../state/dialogue.js';

/** The prompt's mean share in each answer of the sides, for the course over turns. */
export interface CoursePoint {
  /** From 1. */
  readonly turn: number;
  readonly untouched: number | null;
  readonly held: number | null;
  /** The held side's share before the policy; null if the policy changed nothing. */
  readonly before: number | null;
}

/**
 * Returns the course of a dialogue, one point for each turn. Shares of different models cannot be compared.
 * @param model the name of the model whose answers it has; null for none
 */
export function courseOf(rounds: readonly Round[], model: string | null): CoursePoint[] {
  const meanOf = ({ answers }: Round, column: Column) => {
    const answer = answers[column].value;
    return answer?.model?.name === model ? (answer?.end?.prompt ?? null) : null;
  };
  return rounds.map((round, index) => {
    const held = meanOf(round, 'held');
    return {
      turn: index + 1,
      untouched: meanOf(round, 'untouched')?.after ?? null,
      held: held?.after ?? null,
      before: held !== null && held.before !== held.after ? held.before : null,
    };
  });
}

/** A line of the course: its points in the figure's coordinates. */
export interface CourseLine {
  readonly name: 'untouched' | 'held' | 'before';
  readonly points: readonly (readonly [x: number, y: number])[];
  /** The height of its name beside its last point; null without a point, and for a line that another covers. */
  readonly label: number | null;
}

/** What the lines of a course are called. */
export type CourseNames = Readonly<Record<CourseLine['name'], string>>;

/** The sizes and lines of the figure of a course. */
export interface CourseFigure {
  readonly width: number;
  readonly height: number;
  /** The ends of the x axis. */
  readonly axis: readonly [left: number, right: number];
  readonly lines: readonly CourseLine[];
  /** Shares on the axis, with their places. */
  readonly ticks: readonly { readonly share: number; readonly y: number }[];
  readonly turns: readonly { readonly turn: number; readonly x: number }[];
}

const PLOT_WIDTH = 228;
const HEIGHT = 210;
const LEFT = 34;
/** For the turns, and the name of their axis. */
const BOTTOM = 34;
/** For the title, and the name of the other axis. */
const TOP = 36;
/** The mean width of a letter of a line's name, in the widest of the fonts that systems have. */
const LETTER = 6.5;

/** Lays out the figure of a course. It is as wide as the names of its lines need. */
export function courseFigure(course: readonly CoursePoint[], called: CourseNames): CourseFigure {
  const names = ['untouched', 'before', 'held'] as const;
  const most = Math.max(0.1, ...course.flatMap((point) => names.map((name) => point[name] ?? 0)));
  const step = most > 0.5 ? 0.25 : most > 0.2 ? 0.1 : 0.05;
  const top = Math.ceil(most / step - 1e-9) * step;
  const [first, last] = [course[0]?.turn ?? 1, course.at(-1)?.turn ?? 1];
  const xOf = (turn: number): number => LEFT + (PLOT_WIDTH * (turn - first)) / Math.max(1, last - first);
  const yOf = (share: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share / top);
  const every = Math.ceil(course.length / 10);
  const letters = Math.max(...names.map((name) => called[name].length));
  const lines = names.map((name) => ({
    name,
    points: course.flatMap((point) => {
      const share = point[name];
      return share === null ? [] : [[xOf(point.turn), yOf(share)] as const];
    }),
  }));
  return {
    width: LEFT + PLOT_WIDTH + 8 + LETTER * letters,
    height: HEIGHT,
    axis: [LEFT, LEFT + PLOT_WIDTH],
    lines: withLabels(lines),
    ticks: Array.from({ length: Math.round(top / step) + 1 }, (_, index) => ({
      share: index * step,
      y: yOf(index * step),
    })),
    turns: course.filter((_, index) => index % every === 0).map(({ turn }) => ({ turn, x: xOf(turn) })),
  };
}

/** Lines of text at the same place need this distance. */
const LINE_HEIGHT = 11;

/** Puts the names of lines beside their ends, apart from each other. The line before the policy gives way to the others. */
function withLabels(lines: readonly Omit<CourseLine, 'label'>[]): CourseLine[] {
  const endOf = (name: CourseLine['name']): number | null =>
    lines.find((line) => line.name === name)!.points.at(-1)?.[1] ?? null;
  const [untouched, before, held] = [endOf('untouched'), endOf('before'), endOf('held')];
  const isNear = (a: number | null, b: number | null): boolean =>
    a !== null && b !== null && Math.abs(a - b) < LINE_HEIGHT;
  const labels = {
    untouched,
    held,
    before: isNear(before, untouched) || isNear(before, held) ? null : before,
  };
  if (isNear(untouched, held)) {
    const middle = (untouched! + held!) / 2;
    const side = held! <= untouched! ? -1 : 1;
    labels.held = middle + (side * LINE_HEIGHT) / 2;
    labels.untouched = middle - (side * LINE_HEIGHT) / 2;
  }
  return lines.map((line) => ({ ...line, label: labels[line.name] }));
}
