import { useRef } from 'preact/hooks';
import { model } from '../state/engine.js';
import { steer } from '../state/settings.js';

/** The heads that the policy acts on: a grid of layers and heads to paint. */
export function HeadGrid() {
  /** What the pointer paints while it is down: heads in, or out. Null while it is up. */
  const painting = useRef<boolean | null>(null);
  if (model.value.kind !== 'ready') return null;
  const { layers, heads } = model.value.card;
  const { pairs } = steer.value;
  const chosen = new Set((pairs ?? allPairs(layers, heads)).map(([layer, head]) => layer * heads + head));
  const set = (pair: number, isIn: boolean): void => {
    const now = new Set(chosen);
    if (isIn) now.add(pair);
    else now.delete(pair);
    // A policy needs at least one head.
    if (now.size === 0) return;
    const all = now.size === layers * heads;
    const list = [...now].sort((a, b) => a - b).map((at) => [Math.floor(at / heads), at % heads] as const);
    steer.value = { ...steer.value, pairs: all ? null : list };
  };
  const pairAt = (target: EventTarget | null): number | null => {
    const pair = (target as HTMLElement).dataset?.pair;
    return pair === undefined ? null : Number(pair);
  };
  return (
    <div class="head-grid">
      <div class="label-row">
        <span>
          Heads: {chosen.size} of {layers * heads}
        </span>
        <button
          type="button"
          class="plain"
          disabled={pairs === null}
          onClick={() => {
            steer.value = { ...steer.value, pairs: null };
          }}
        >
          All
        </button>
      </div>
      <fieldset
        class="grid"
        aria-label="Heads that the policy acts on"
        style={{ gridTemplateColumns: `auto repeat(${heads}, 1fr)` }}
        onPointerDown={(event) => {
          const pair = pairAt(event.target);
          if (pair === null) return;
          event.preventDefault();
          // The head where a touch begins captures it: let go, so that other heads are told of it too.
          const head = event.target as HTMLElement;
          if (head.hasPointerCapture(event.pointerId)) head.releasePointerCapture(event.pointerId);
          painting.current = !chosen.has(pair);
          set(pair, painting.current);
        }}
        onPointerOver={({ target, buttons }) => {
          const pair = pairAt(target);
          if (buttons === 0) painting.current = null;
          if (pair !== null && painting.current !== null) set(pair, painting.current);
        }}
        onPointerUp={() => {
          painting.current = null;
        }}
      >
        {Array.from({ length: layers }, (_, layer) => (
          <GridRow key={layer} layer={layer} heads={heads} chosen={chosen} set={set} />
        ))}
      </fieldset>
      <p class="quiet">Rows are layers, columns are heads. Press and drag to paint.</p>
    </div>
  );
}

function GridRow({
  layer,
  heads,
  chosen,
  set,
}: {
  readonly layer: number;
  readonly heads: number;
  readonly chosen: ReadonlySet<number>;
  readonly set: (pair: number, isIn: boolean) => void;
}) {
  return (
    <>
      <span class="grid-label" aria-hidden="true">
        {layer}
      </span>
      {Array.from({ length: heads }, (_, head) => {
        const pair = layer * heads + head;
        return (
          <button
            key={head}
            type="button"
            role="switch"
            aria-checked={chosen.has(pair)}
            aria-label={`layer ${layer}, head ${head}`}
            data-pair={pair}
            class="head"
            tabIndex={pair === 0 ? 0 : -1}
            onKeyDown={(event) => {
              const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: heads, ArrowUp: -heads }[event.key];
              if (step !== undefined) {
                event.preventDefault();
                focusPair(event.currentTarget, pair + step);
              } else if (event.key === ' ' || event.key === 'Enter') {
                event.preventDefault();
                set(pair, !chosen.has(pair));
              }
            }}
          />
        );
      })}
    </>
  );
}

function focusPair(from: HTMLElement, pair: number): void {
  from.closest('.grid')?.querySelector<HTMLElement>(`[data-pair="${pair}"]`)?.focus();
}

const allPairs = (layers: number, heads: number): (readonly [number, number])[] =>
  Array.from({ length: layers * heads }, (_, at) => [Math.floor(at / heads), at % heads] as const);
