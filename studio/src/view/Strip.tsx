import { useEffect, useRef } from 'preact/hooks';
import { type Column, GROUPS, type TokenTrace } from '../../../src/studio/protocol.js';
import { GROUP_NAMES, palette } from '../draw/palette.js';
import { STRIP_ROWS, stripPixels } from '../draw/strip.js';
import { pin, pinned, pointed, useChosenToken } from '../state/selection.js';
import { percent, visible } from './format.js';
import { ScrollTable } from './ScrollTable.js';

/** Wider bars than this would look like a chart of few values. */
const WIDEST_BAR_PX = 16;

/**
 * The shares of an answer's tokens, drawn on a canvas. For the keyboard and for screen readers it is a slider over the tokens;
 * a table has the same numbers.
 */
export function Strip({
  round,
  column,
  tokens,
}: {
  readonly round: number;
  readonly column: Column;
  readonly tokens: readonly TokenTrace[];
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = palette.value;
  useEffect(() => {
    const element = canvas.current;
    if (element === null || tokens.length === 0) return;
    const cell = tokens.length > 160 ? 2 : 8;
    element.width = tokens.length * cell;
    element.height = STRIP_ROWS;
    const shares = tokens.map((token) => token.shares);
    element
      .getContext('2d')!
      .putImageData(new ImageData(stripPixels(shares, colours, cell), element.width, STRIP_ROWS), 0, 0);
  }, [tokens, colours]);

  const chosen = useChosenToken(round, column).value;
  const at = chosen === null ? null : Math.min(chosen, tokens.length - 1);
  const placeAt = ({ clientX, currentTarget }: MouseEvent & { currentTarget: HTMLElement }) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    const token = Math.floor(((clientX - left) / width) * tokens.length);
    return { round, column, token: Math.max(0, Math.min(tokens.length - 1, token)) };
  };
  const move = (event: KeyboardEvent): void => {
    const from = at ?? -1;
    const to = { ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (to === undefined) {
      if (event.key === 'Escape') pinned.value = null;
      return;
    }
    event.preventDefault();
    pointed.value = null;
    pin({ round, column, token: Math.max(0, Math.min(tokens.length - 1, to)) });
  };
  const described = at === null ? 'no token chosen' : describe(tokens[at]!);
  return (
    <div
      class="strip"
      role="slider"
      tabIndex={0}
      aria-label={`Where each token of this ${column} answer listened`}
      aria-valuemin={1}
      aria-valuemax={Math.max(1, tokens.length)}
      aria-valuenow={(at ?? 0) + 1}
      aria-valuetext={described}
      style={{ maxWidth: `${tokens.length * WIDEST_BAR_PX}px` }}
      onMouseMove={(event) => {
        pointed.value = placeAt(event);
      }}
      onMouseLeave={() => {
        pointed.value = null;
      }}
      onClick={(event) => {
        pin(placeAt(event));
      }}
      onKeyDown={move}
    >
      <span aria-hidden="true">
        <canvas ref={canvas} />
      </span>
      {at !== null && (
        <i
          class="strip-mark"
          style={{ left: `${(100 * at) / tokens.length}%`, width: `${100 / tokens.length}%` }}
        />
      )}
    </div>
  );
}

/** Returns what a screen reader says of a token. */
function describe({ text, shares }: TokenTrace): string {
  const parts = GROUPS.map((group, index) => `${GROUP_NAMES[group]} ${percent(shares[index]!)}`);
  return `${visible(text)}: ${parts.join(', ')}`;
}

/** The numbers of a strip as a table. */
export function StripTable({ tokens }: { readonly tokens: readonly TokenTrace[] }) {
  return (
    <ScrollTable label="Shares of each token">
      <thead>
        <tr>
          <th scope="col">token</th>
          {GROUPS.map((group) => (
            <th scope="col" key={group}>
              {GROUP_NAMES[group]}
            </th>
          ))}
          <th scope="col">probability</th>
        </tr>
      </thead>
      <tbody>
        {tokens.map(({ text, shares, probability }, index) => (
          <tr key={index}>
            <th scope="row">{visible(text)}</th>
            {shares.map((share, group) => (
              <td key={GROUPS[group]}>{percent(share)}</td>
            ))}
            <td>{percent(probability)}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}
