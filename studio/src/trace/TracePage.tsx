import { useMemo } from 'preact/hooks';
import { GROUPS } from '../../../src/studio/protocol.js';
import { percent } from '../view/format.js';
import { TokenStrip } from '../view/TokenStrip.js';
import { HeadMap } from './HeadMap.js';
import { meanRowLayers, type State } from './state.js';
import { TokenCard } from './TokenCard.js';
import { Words } from './Words.js';
import { partName, placeOf, tokenName } from './words.js';

/** The whole page of a trace. */
export function TracePage({ state }: { readonly state: State }) {
  const { model, executor, precision, policy, notes, tokens } = state.data;
  return (
    <>
      <header class="header">
        <h1>Trace</h1>
        <p class="trace-facts">
          <b>{model}</b> · {executor}, {precision} · {policy ?? 'untouched'} · {tokens.length} tokens
        </p>
      </header>
      <div class="page trace-page">
        <main>
          <Overview state={state} />
          <Words state={state} />
          {notes.map((note) => (
            <p key={note} class="quiet">
              {note}
            </p>
          ))}
        </main>
        <aside>
          <TokenCard state={state} />
          <HeadMap state={state} />
        </aside>
      </div>
    </>
  );
}

/** The shares of all tokens as a strip, what its colours mean, and what colours the words. */
function Overview({ state }: { readonly state: State }) {
  const { data, chosen, pointed, kept, pair, part, paint } = state;
  const { tokens, parts, whole } = data;
  const head = pair.value;
  const shares = useMemo(() => stripShares(state, head), [state, head]);
  return (
    <section class="overview" aria-label="All words">
      <TokenStrip
        shares={shares}
        at={chosen.value}
        label="Where each word looks"
        valueText={`${tokenName(tokens[chosen.value]!)}, ${placeOf(chosen.value, data)}: ${partName(parts[part.value]!)} ${percent(
          state.numbers.share(part.value, chosen.value, head),
        )}`}
        point={(token) => {
          pointed.value = token;
        }}
        keep={(token) => {
          kept.value = token;
        }}
      />
      <ul class="keys">
        {parts.slice(0, whole).map((one) => (
          <li key={partName(one)}>
            <i class={`key key-${one.colour}`} />
            {partName(one)}
          </li>
        ))}
      </ul>
      <fieldset class="switch">
        <legend>Colour words by</legend>
        <label>
          <input
            type="radio"
            name="paint"
            checked={paint.value === 'to part'}
            onChange={() => {
              paint.value = 'to part';
            }}
          />
          <span class="pill">what they give to: {partName(parts[part.value]!)}</span>
        </label>
        {data.attention !== null && (
          <label>
            <input
              type="radio"
              name="paint"
              checked={paint.value === 'from word'}
              onChange={() => {
                paint.value = 'from word';
              }}
            />
            <span class="pill">what the chosen word gives them</span>
          </label>
        )}
        {paint.value === 'from word' && <RowsOf state={state} />}
      </fieldset>
    </section>
  );
}

/** Which heads' attention rows colour the words, where they are not the heads of the shares. */
function RowsOf({ state }: { readonly state: State }) {
  const { attention, meanLayers } = state.data;
  if (attention === null || state.pair.value !== null) return null;
  const layers = attention.of === 'mean' ? attention.layers : meanRowLayers(attention.layers, meanLayers);
  return layers.join() === meanLayers.join() ? null : (
    <span class="quiet">mean over the heads of layers {layers.join(', ')}</span>
  );
}

/** Returns the shares of the parts that sum to 1, in the order of the studio's groups, of every token. */
function stripShares({ data, numbers }: State, pair: number | null): number[][] {
  const { tokens, parts, whole } = data;
  const own = parts.slice(0, whole);
  return tokens.map((_, token) =>
    GROUPS.map((group) => {
      const part = own.findIndex(({ colour }) => colour === group);
      return part === -1 ? 0 : numbers.share(part, token, pair);
    }),
  );
}
