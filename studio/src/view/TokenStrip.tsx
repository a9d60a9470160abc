import { useEffect, useRef } from 'preact/hooks';
import { palette } from '../draw/palette.js';
import { STRIP_ROWS, stripPixels } from '../draw/strip.js';

/** Wider bars than this would look like a chart of few values. */
const WIDEST_BAR_PX = 16;

/** The widest canvas that all browsers draw. */
const WIDEST_CANVAS_PX = 16_384;

/** Returns the pixels of a token. */
function cellOf(tokens: number): number {
  if (tokens <= 160) return 8;
  return 2 * tokens <= WIDEST_CANVAS_PX ? 2 : 1;
}

/**
 * The shares of tokens, drawn on a canvas. For the keyboard and for screen readers it is a slider over the tokens.
 * @param shares `[tokens][groups]`
 * @param at the chosen token
 * @param point called with the token under the pointer, and with null when it leaves
 * @param keep called with the token that was clicked or reached by a key, and with null when it is let go
 */
export function TokenStrip({
  shares,
  at,
  label,
  valueText,
  point,
  keep,
}: {
  readonly shares: readonly (readonly number[])[];
  readonly at: number | null;
  readonly label: string;
  readonly valueText: string;
  readonly point: (token: number | null) => void;
  readonly keep: (token: number | null) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = palette.value;
  const count = shares.length;
  useEffect(() => {
    const element = canvas.current;
    if (element === null || shares.length === 0) return;
    const cell = cellOf(shares.length);
    element.width = shares.length * cell;
    element.height = STRIP_ROWS;
    element
      .getContext('2d')!
      .putImageData(new ImageData(stripPixels(shares, colours, cell), element.width, STRIP_ROWS), 0, 0);
  }, [shares, colours]);

  const within = (token: number): number => Math.max(0, Math.min(count - 1, token));
  const tokenAt = ({ clientX, currentTarget }: MouseEvent & { currentTarget: HTMLElement }): number => {
    const { left, width } = currentTarget.getBoundingClientRect();
    return within(Math.floor(((clientX - left) / width) * count));
  };
  const move = (event: KeyboardEvent): void => {
    const from = at ?? -1;
    const leap = Math.ceil(count / 20);
    const to = {
      ...{ ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: count - 1 },
      ...{ PageUp: from + leap, PageDown: from - leap },
    }[event.key];
    if (to === undefined) {
      if (event.key === 'Escape') keep(null);
      return;
    }
    event.preventDefault();
    point(null);
    keep(within(to));
  };
  return (
    <div
      class="strip"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={1}
      aria-valuemax={Math.max(1, count)}
      aria-valuenow={(at ?? 0) + 1}
      aria-valuetext={valueText}
      style={{ maxWidth: `${count * WIDEST_BAR_PX}px` }}
      onMouseMove={(event) => point(tokenAt(event))}
      onMouseLeave={() => point(null)}
      onClick={(event) => keep(tokenAt(event))}
      onKeyDown={move}
    >
      <span aria-hidden="true">
        <canvas ref={canvas} />
      </span>
      {at !== null && (
        <i class="strip-mark" style={{ left: `${(100 * at) / count}%`, width: `${100 / count}%` }} />
      )}
    </div>
  );
}
