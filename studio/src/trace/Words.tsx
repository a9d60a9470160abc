import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { PageSpan } from '../../../src/trace-page/page-data.js';
import type { State } from './state.js';
import { ROLES } from './words.js';

/** The least share that can have the darkest colour, so that a page of tiny shares stays pale. */
const PALEST_MOST = 0.02;

/**
 * All tokens, in blocks of one span each. They are drawn once: their colours are set on the elements, so that pointing at one
 * of thousands costs no new page.
 */
export function Words({ state }: { readonly state: State }) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => paintWords(root.current!, state), [state]);
  const { spans, tokens } = state.data;
  const tokenAt = (target: EventTarget | null): number | null => {
    const token = (target as HTMLElement).dataset?.token;
    return token === undefined ? null : Number(token);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the strip above takes the keyboard
    // biome-ignore lint/a11y/noStaticElementInteractions: as above
    <div
      class="words painted"
      ref={root}
      onMouseOver={({ target }) => {
        const token = tokenAt(target);
        if (token !== null) state.pointed.value = token;
      }}
      onFocus={() => {}}
      onMouseLeave={() => {
        state.pointed.value = null;
      }}
      onClick={({ target }) => {
        const token = tokenAt(target);
        if (token !== null) state.kept.value = token;
      }}
    >
      {spans.map((span) => (
        <Span key={span.start} span={span} tokens={tokens} />
      ))}
    </div>
  );
}

function Span({ span, tokens }: { readonly span: PageSpan; readonly tokens: readonly string[] }) {
  const { role, turn, start, end } = span;
  return (
    <p class={`said-by ${role ?? 'plain'}`}>
      {role !== null && role !== 'template' && (
        <span class="role">
          {ROLES[role]}
          {turn > 0 && ` ${turn}`}
        </span>
      )}
      <span class="text">
        {tokens.slice(start, end).map((text, index) => (
          <span key={start + index} data-token={start + index} class="token">
            {shown(text)}
          </span>
        ))}
      </span>
    </p>
  );
}

/** Returns a token's text. Line breaks, and tokens whose characters stand in an earlier one, get a sign to point at. */
const shown = (text: string): string => (text === '' ? '·' : text.replaceAll('\n', '⏎\n'));

/** Colours the words whenever a choice changes, at most once a frame. Returns what ends this. */
function paintWords(root: HTMLElement, state: State): () => void {
  const elements = [...root.querySelectorAll<HTMLElement>('[data-token]')];
  const drawn = new Int16Array(elements.length).fill(-1);
  let marked: HTMLElement | null = null;
  let frame = 0;
  let isFirst = true;
  const paint = (): void => {
    const { chosen, kept, pointed } = state;
    root.dataset.colour =
      state.paint.peek() === 'from word' ? 'looked' : state.data.parts[state.part.peek()]!.colour;
    const heats = heatsOf(state);
    for (const [at, element] of elements.entries()) {
      const heat = Math.round(100 * heats[at]!);
      if (heat === drawn[at]) continue;
      drawn[at] = heat;
      element.style.setProperty('--heat', String(heat / 100));
    }
    marked?.classList.remove('chosen');
    marked = elements[chosen.peek()] ?? null;
    marked?.classList.add('chosen');
    // A token that was reached by a key may be out of sight.
    if (!isFirst && pointed.peek() === null && kept.peek() !== null)
      marked?.scrollIntoView({ block: 'nearest' });
    isFirst = false;
  };
  const stop = effect(() => {
    void [state.chosen.value, state.part.value, state.pair.value, state.paint.value, state.weights.value];
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(paint);
  });
  return () => {
    cancelAnimationFrame(frame);
    stop();
  };
}

/** Returns how dark each word is, from 0 to 1. */
function heatsOf({ data, numbers, chosen, part, pair, paint, weights }: State): Float32Array {
  const count = data.tokens.length;
  const heats = new Float32Array(count);
  if (paint.value === 'from word') {
    const row = weights.value;
    if (row === null) return heats;
    // The first token takes most in most models: beside it all others would be pale.
    const most = row.subarray(1).reduce((top, weight) => Math.max(top, weight), PALEST_MOST);
    for (let key = 0; key <= chosen.value; key++) heats[key] = Math.sqrt(Math.min(1, row[key]! / most));
    return heats;
  }
  let most = PALEST_MOST;
  for (let token = 0; token < count; token++) {
    heats[token] = numbers.share(part.value, token, pair.value);
    most = Math.max(most, heats[token]!);
  }
  return heats.map((share) => share / most);
}
