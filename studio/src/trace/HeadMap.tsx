import { useEffect, useRef } from 'preact/hooks';
import { mapPixels } from '../draw/map.js';
import { palette } from '../draw/palette.js';
import { percent } from '../view/format.js';
import { HeadTable } from '../view/HeadTable.js';
import type { State } from './state.js';
import { headName, partName, tokenName } from './words.js';

/** The share that has the full colour, unless a head has more. */
const LEAST_MOST = 0.5;

/** What the chosen token gives to the chosen part in every layer and head. A head is chosen by a click or by the arrow keys. */
export function HeadMap({ state }: { readonly state: State }) {
  const { data, numbers, chosen, part, pair } = state;
  const { layers, heads } = data;
  const canvas = useRef<HTMLCanvasElement>(null);
  const { groups, surface } = palette.value;
  const { colour } = data.parts[part.value]!;
  const shares = numbers.inHeads(part.value, chosen.value);
  const most = shares.reduce((top, share) => Math.max(top, share), LEAST_MOST);
  useEffect(() => {
    const pixels = mapPixels(shares, most, groups[colour], surface);
    canvas.current!.getContext('2d')!.putImageData(new ImageData(pixels, heads, layers), 0, 0);
  });
  const name = partName(data.parts[part.value]!);
  const at = pair.value;
  const pairAt = ({
    clientX,
    clientY,
    currentTarget,
  }: MouseEvent & { currentTarget: HTMLElement }): number => {
    const { left, top, width, height } = currentTarget.getBoundingClientRect();
    const head = Math.min(heads - 1, Math.max(0, Math.floor(((clientX - left) / width) * heads)));
    const layer = Math.min(layers - 1, Math.max(0, Math.floor(((clientY - top) / height) * layers)));
    return layer * heads + head;
  };
  const move = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      pair.value = null;
      return;
    }
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: heads, ArrowUp: -heads }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const to = at === null ? 0 : at + step;
    if (to >= 0 && to < layers * heads) pair.value = to;
  };
  const valueText =
    at === null ? `${headName(null, data)} is shown` : `${headName(at, data)}: ${percent(shares[at]!)}`;
  return (
    <section class="card trace-map" aria-label="Layers and heads">
      <h2>Layers × heads</h2>
      <p class="quiet">
        what <b class="mono">{tokenName(data.tokens[chosen.value]!)}</b> gives to: {name}
      </p>
      <div
        class="grid-map"
        role="slider"
        tabIndex={0}
        aria-label="Head"
        aria-valuemin={0}
        aria-valuemax={layers * heads - 1}
        aria-valuenow={at ?? 0}
        aria-valuetext={valueText}
        style={{ aspectRatio: `${heads} / ${layers}` }}
        onClick={(event) => {
          const to = pairAt(event);
          pair.value = to === pair.value ? null : to;
        }}
        onMouseMove={(event) => {
          const under = pairAt(event);
          event.currentTarget.title = `${headName(under, data)}: ${percent(shares[under]!)}`;
        }}
        onKeyDown={move}
      >
        <span aria-hidden="true">
          <canvas ref={canvas} width={heads} height={layers} />
        </span>
        {at !== null && (
          <i
            class="head-mark"
            style={{
              left: `${(100 * (at % heads)) / heads}%`,
              top: `${(100 * Math.floor(at / heads)) / layers}%`,
              width: `${100 / heads}%`,
              height: `${100 / layers}%`,
            }}
          />
        )}
      </div>
      <p class="quiet">
        Rows are layers from 0 at the top, columns are heads; full colour: {percent(most)}. Click one to see
        it alone.
      </p>
      <details>
        <summary>as a table</summary>
        <HeadTable label={`Share of each head: ${name}`} shares={shares} layers={layers} heads={heads} />
      </details>
    </section>
  );
}
