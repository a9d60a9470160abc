import { type Alternative, type Column, GROUPS, type Steer } from '../../../src/studio/protocol.js';
import { GROUP_NAMES } from '../draw/palette.js';
import { continueFrom, isAnswering } from '../state/answering.js';
import { compare, isComparable } from '../state/compare.js';
import { isForeign } from '../state/current-model.js';
import { rounds } from '../state/dialogue.js';
import { pinned, selected, type TokenPlace } from '../state/selection.js';
import { steer } from '../state/settings.js';
import { AsTable } from './AsTable.js';
import { nats, percent, short, visible } from './format.js';
import { policyWords } from './policy-words.js';
import { ScrollTable } from './ScrollTable.js';

/** Probabilities are rounded on their way to the page, and none is 0. */
const RAREST = 1e-6;

/** One token: where the row that chose it looked, and what else it could have been. */
export function TokenPanel() {
  const place = selected.value;
  const answer = place === null ? null : (rounds.value[place.round]?.answers[place.column].value ?? null);
  const token = place === null ? undefined : answer?.tokens[place.token];
  if (place === null || answer === null || token === undefined) {
    return (
      <p class="hint">
        Point at a word of an answer, or at its strip, to see where it listened. A click keeps it here; the
        arrow keys move on from it.
      </p>
    );
  }
  const comparison = answer.comparison?.tokens[place.token];
  return (
    <div class="token-panel">
      <p class="token-head">
        <b class="mono">{visible(token.text)}</b>
        <span>
          turn {place.round + 1}, {place.column}
          {token.probability !== null && `, probability ${percent(token.probability)}`}
          {token.strength !== null && `, strength ${short(token.strength)}`}
        </span>
      </p>
      <ul class="bars" aria-label="Where it listened">
        {GROUPS.map((group, index) => (
          <Bar key={group} name={GROUP_NAMES[group]} share={token.shares[index]!} kind={group} />
        ))}
      </ul>
      <PromptWords words={answer.words} shares={token.words} />
      {token.alternatives.length > 0 && (
        <>
          <h3>It could have been</h3>
          <Alternatives
            place={place}
            of={token.alternatives}
            chosen={token.id}
            isOffered={!isForeign(answer)}
          />
        </>
      )}
      <h3>With and without the hold</h3>
      {comparison !== undefined ? (
        <div class="compared">
          <Distribution name="untouched" of={comparison.untouched} />
          <Distribution name="held" of={comparison.held} />
          <p class="quiet">
            under {policyWords(answer.comparison!.steer)}: {nats(comparison.kl)} apart (KL divergence).
            {answer.comparing !== null ? ' Reading again …' : ' Move the hold to see it change.'}
          </p>
        </div>
      ) : isForeign(answer) ? (
        <p class="quiet">{answer.model!.name} answered: choose it as the model to compare.</p>
      ) : (
        <CompareButton place={place} under={steer.value} isRunning={answer.comparing !== null} />
      )}
    </div>
  );
}

/** The prompt's words, coloured by how much the token listened to each. */
function PromptWords({
  words,
  shares,
}: {
  readonly words: readonly string[];
  readonly shares: readonly number[];
}) {
  if (words.length === 0) return null;
  const most = Math.max(0.001, ...shares);
  const best = words[shares.indexOf(Math.max(...shares))] ?? '';
  return (
    <>
      <h3>In the prompt</h3>
      <p class="prompt-words painted paint-prompt">
        {words.map((word, index) => (
          <span
            key={`${index} ${word}`}
            class="token"
            title={percent(shares[index]!)}
            style={{ '--heat': String(shares[index]! / most) }}
          >
            {word}
          </span>
        ))}
      </p>
      <p class="quiet">
        most to <b>{best.trim()}</b>, {percent(most)}
      </p>
      <AsTable>
        <WordTable words={words} shares={shares} />
      </AsTable>
    </>
  );
}

function WordTable({
  words,
  shares,
}: {
  readonly words: readonly string[];
  readonly shares: readonly number[];
}) {
  return (
    <ScrollTable label="The share of each word of the prompt">
      <thead>
        <tr>
          <th scope="col">word</th>
          <th scope="col">share</th>
        </tr>
      </thead>
      <tbody>
        {words.map((word, index) => (
          <tr key={`${index} ${word}`}>
            <th scope="row">{visible(word)}</th>
            <td>{percent(shares[index]!)}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}

/** Asks for the two distributions at every token of an answer. */
export function CompareButton({
  place,
  under,
  isRunning,
}: {
  readonly place: Pick<TokenPlace, 'round' | 'column'>;
  readonly under: Steer;
  readonly isRunning: boolean;
}) {
  if (!isComparable(under)) return <p class="quiet">This needs a policy with a strength.</p>;
  return (
    <button
      type="button"
      disabled={isRunning || isAnswering.value}
      onClick={() => {
        pinned.value = selected.value;
        void compare(place, under);
      }}
    >
      {isRunning ? 'Reading …' : 'Compare'}
    </button>
  );
}

function Bar({
  name,
  share,
  kind,
}: {
  readonly name: string;
  readonly share: number;
  readonly kind: string;
}) {
  return (
    <li>
      <span>{name}</span>
      <span class="bar">
        <i class={`key-${kind}`} style={{ width: `${100 * share}%` }} />
      </span>
      <span class="number">{percent(share)}</span>
    </li>
  );
}

function Alternatives({
  place,
  of,
  chosen,
  isOffered,
}: {
  readonly place: TokenPlace;
  readonly of: readonly Alternative[];
  readonly chosen: number;
  /** Whether the answer can continue from them: only in the model that gave it. */
  readonly isOffered: boolean;
}) {
  return (
    <ul class="bars alternatives">
      {of.slice(0, 6).map(({ id, text, probability }) => (
        <li key={id}>
          {id === chosen || !isOffered ? (
            <span class={id === chosen ? 'mono chosen' : 'mono'}>{visible(text)}</span>
          ) : (
            <button
              type="button"
              class="plain mono"
              disabled={isAnswering.value}
              title="Continue the answer from this token, on a branch"
              onClick={() => void continueFrom(place, id)}
            >
              {visible(text)}
            </button>
          )}
          <span class="bar">
            <i class="key-probability" style={{ width: `${100 * probability}%` }} />
          </span>
          <span class="number">{percent(Math.max(probability, RAREST))}</span>
        </li>
      ))}
    </ul>
  );
}

function Distribution({ name, of }: { readonly name: Column; readonly of: readonly Alternative[] }) {
  return (
    <div>
      <h4 class={name}>{name}</h4>
      <ul class="bars narrow">
        {of.slice(0, 4).map(({ id, text, probability }) => (
          <li key={id}>
            <span class="mono">{visible(text)}</span>
            <span class="number">{percent(Math.max(probability, RAREST))}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
