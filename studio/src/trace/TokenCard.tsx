import { percent } from '../view/format.js';
import type { State } from './state.js';
import { headName, partName, placeOf, tokenName } from './words.js';

/** How many of the words that a word looks at most are listed. */
const LISTED = 6;

/** The chosen token: what it gives to every part, and which words it looks at most. */
export function TokenCard({ state }: { readonly state: State }) {
  const { data, numbers, chosen, part, pair } = state;
  const token = chosen.value;
  return (
    <section class="card trace-token" aria-label="Chosen word">
      <p class="token-head">
        <b class="mono">{tokenName(data.tokens[token]!)}</b>
        <span class="quiet">{placeOf(token, data)}</span>
      </p>
      <p class="label-row">
        <span>{headName(pair.value, data)}</span>
        <button
          type="button"
          class="plain"
          disabled={pair.value === null}
          onClick={() => {
            pair.value = null;
          }}
        >
          All heads
        </button>
      </p>
      <fieldset class="parts">
        <legend class="sr-only">Where it looks</legend>
        {data.parts.map((one, index) => {
          const share = numbers.share(index, token, pair.value);
          return (
            <label key={partName(one)}>
              <input
                type="radio"
                name="part"
                checked={part.value === index}
                onChange={() => {
                  part.value = index;
                }}
              />
              <span>{partName(one)}</span>
              <span class="bar">
                <i class={`key-${one.colour}`} style={{ width: `${Math.min(100, 100 * share)}%` }} />
              </span>
              <span class="number">{percent(share)}</span>
            </label>
          );
        })}
      </fieldset>
      <LookedAt state={state} />
    </section>
  );
}

/** The words that the chosen one looks at most. */
function LookedAt({ state }: { readonly state: State }) {
  const { data, weights, kept, pair } = state;
  if (data.attention === null) return null;
  const row = weights.value;
  if (row === null)
    return <p class="quiet">The page has no attention rows of {headName(pair.value, data)}.</p>;
  const most = [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b).slice(0, LISTED);
  return (
    <>
      <h2>Looks most at</h2>
      <ul class="bars looked">
        {most.map((key) => (
          <li key={key}>
            <button
              type="button"
              class="plain mono"
              title={placeOf(key, data)}
              onClick={() => {
                kept.value = key;
              }}
            >
              {tokenName(data.tokens[key]!)}
            </button>
            <span class="bar">
              <i class="key-looked" style={{ width: `${Math.min(100, 100 * row[key]!)}%` }} />
            </span>
            <span class="number">{percent(row[key]!)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
