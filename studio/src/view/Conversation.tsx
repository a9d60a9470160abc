import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { edit, isAnswering, retry, send } from '../state/answering.js';
import { currentModel } from '../state/current-model.js';
import { branch, branches, columns, type Round, rounds, system } from '../state/dialogue.js';
import { model } from '../state/engine.js';
import { EXAMPLE } from '../state/example.js';
import { steer } from '../state/settings.js';
import { AnswerCard } from './AnswerCard.js';
import { courseOf } from './course.js';
import { percent } from './format.js';
import { policyWords } from './policy-words.js';

const NAMES = { untouched: 'Untouched', held: 'Held' } as const;

/** The dialogue: one message above the answers of the sides. */
export function Conversation() {
  const shown = rounds.value;
  return (
    <section class="conversation" aria-label="Dialogue">
      {shown.length === 0 ? <Beginning /> : <ColumnHeads />}
      <ol class="rounds">
        {shown.map((round, index) => (
          <RoundView key={round.id} round={round} index={index} />
        ))}
      </ol>
    </section>
  );
}

/** What each side is, and how the prompt's share went from its first answer to its last. */
function ColumnHeads() {
  const course = courseOf(rounds.value, currentModel.value?.name ?? null);
  return (
    <div class={`heads columns-${columns.value.length}`}>
      {columns.value.map((column) => {
        const shares = course.flatMap((point) => point[column] ?? []);
        return (
          <h2 key={column} class={column}>
            {NAMES[column]}
            <small>{column === 'untouched' ? 'the model as it is' : policyWords(steer.value)}</small>
            {shares.length > 1 && (
              <span class="trend">
                system message {percent(shares[0]!)} → {percent(shares.at(-1)!)}
              </span>
            )}
          </h2>
        );
      })}
    </div>
  );
}

function RoundView({ round, index }: { readonly round: Round; readonly index: number }) {
  const editing = useSignal<string | null>(null);
  const place = useRef<HTMLLIElement>(null);
  // A new round comes into view once; after that the page does not move under the reader.
  useEffect(() => {
    if (isAnswering.peek() && index === rounds.peek().length - 1) {
      place.current?.scrollIntoView({ block: 'nearest', behavior: 'auto' });
    }
  }, [index]);
  return (
    <li class="round" ref={place}>
      <div class="message">
        <span class="turn-number" title={`turn ${index + 1}`}>
          {index + 1}
        </span>
        {editing.value === null ? (
          <p class="said">{round.user}</p>
        ) : (
          <form
            class="editing"
            onSubmit={(event) => {
              event.preventDefault();
              const text = editing.value!;
              editing.value = null;
              if (text.trim() !== '') void edit(index, text);
            }}
          >
            <textarea
              aria-label={`Message of turn ${index + 1}`}
              value={editing.value}
              rows={2}
              onInput={({ currentTarget }) => {
                editing.value = currentTarget.value;
              }}
            />
            <button type="submit">Answer again</button>
            <button
              type="button"
              class="plain"
              onClick={() => {
                editing.value = null;
              }}
            >
              Cancel
            </button>
          </form>
        )}
        <Branches round={round} index={index} />
        {editing.value === null && (
          <span class="tools">
            <button
              type="button"
              class="plain"
              disabled={isAnswering.value}
              title="Change this message and answer it on a branch"
              onClick={() => {
                editing.value = round.user;
              }}
            >
              Edit
            </button>
            <button
              type="button"
              class="plain"
              disabled={isAnswering.value}
              title={`Answer again with seed ${round.seed + 1}, on a branch`}
              onClick={() => void retry(index)}
            >
              Retry
            </button>
          </span>
        )}
      </div>
      <div class={`answers columns-${columns.value.length}`}>
        {columns.value.map((column) => (
          <AnswerCard key={column} round={round} index={index} column={column} />
        ))}
      </div>
    </li>
  );
}

/** The branches that part at a round: those that have the same rounds before it. */
function Branches({ round, index }: { readonly round: Round; readonly index: number }) {
  const all = branches.value;
  const here = rounds.value;
  const alike = [...all.keys()].filter((at) => {
    const other = all[at]!;
    return other.length > index && here.slice(0, index).every(({ id }, before) => other[before]!.id === id);
  });
  const firsts = alike.filter(
    (at, position) => alike.findIndex((other) => all[other]![index]!.id === all[at]![index]!.id) === position,
  );
  if (firsts.length < 2) return null;
  const current = firsts.findIndex((at) => all[at]![index]!.id === round.id);
  const go = (by: number): void => {
    branch.value = firsts[(current + by + firsts.length) % firsts.length]!;
  };
  return (
    <span class="branches">
      <button
        type="button"
        class="plain"
        aria-label="Previous branch"
        disabled={isAnswering.value}
        onClick={() => go(-1)}
      >
        ‹
      </button>
      {current + 1} / {firsts.length}
      <button
        type="button"
        class="plain"
        aria-label="Next branch"
        disabled={isAnswering.value}
        onClick={() => go(1)}
      >
        ›
      </button>
    </span>
  );
}

/** What the page shows before the first message. */
function Beginning() {
  const isReady = model.value.kind === 'ready';
  return (
    <div class="beginning">
      <h2>Does the model still listen to its instructions?</h2>
      <p>
        A system prompt steers a chat model. As the dialogue grows, the model pays less attention to it. Send
        a message: it is answered twice, by the model <b class="untouched">as it is</b> and by the model{' '}
        <b class="held">held</b> to its prompt. Words that listened to the prompt are blue. The strip under
        each answer shows where every word listened.
      </p>
      <p>
        <button
          type="button"
          class="primary"
          disabled={!isReady}
          onClick={() => {
            system.value = EXAMPLE.system;
            void send(EXAMPLE.messages);
          }}
        >
          Play an example of {EXAMPLE.messages.length} turns
        </button>
      </p>
    </div>
  );
}
