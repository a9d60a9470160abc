import { computed, useSignal } from '@preact/signals';
import { MODEL_PLACES, type ModelChoice } from '../../../src/studio/protocol.js';
import { NEEDS_TOKEN } from '../engine/http-engine.js';
import { answerMissing, isAnswering, reset } from '../state/answering.js';
import { rounds } from '../state/dialogue.js';
import { executors, load, model, models, start, startWithToken, stopLoading } from '../state/engine.js';
import { openFiles, saveDialogues, saveFigure, saveHold, savePage, saveTrace } from '../state/files.js';
import { draw, sideBySide, steer } from '../state/settings.js';
import { VIEWS, type View, view } from '../state/view.js';

const isIdle = computed(() => model.value.kind === 'ready' && !isAnswering.value);

/** The page's name, the model, and what concerns the whole dialogue. */
export function Header() {
  return (
    <header class="header">
      <h1>
        Holdfast <span>studio</span>
      </h1>
      <nav class="views" aria-label="Views">
        {Object.entries(VIEWS).map(([name, words]) => (
          <a key={name} href={`#${name}`} aria-current={view.value === (name as View) ? 'page' : undefined}>
            {words}
          </a>
        ))}
      </nav>
      {view.value === '' && <DialogueHeader />}
    </header>
  );
}

/** The model, and what concerns the whole dialogue. */
function DialogueHeader() {
  return (
    <>
      <ModelChooser />
      <div class="actions">
        <label class="field">
          <span>Seed</span>
          <input
            type="number"
            min={0}
            step={1}
            value={draw.value.seed}
            onChange={({ currentTarget }) => {
              const seed = Math.max(0, Math.floor(currentTarget.valueAsNumber || 0));
              draw.value = { ...draw.value, seed };
            }}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={sideBySide.value}
            disabled={isAnswering.value}
            onChange={({ currentTarget }) => {
              sideBySide.value = currentTarget.checked;
              void answerMissing();
            }}
          />
          Side by side
        </label>
        <button type="button" disabled={!isIdle.value || rounds.value.length === 0} onClick={reset}>
          New
        </button>
        <label class="file button">
          <input
            type="file"
            multiple
            accept=".json,.safetensors,application/json"
            disabled={!isIdle.value}
            onChange={({ currentTarget }) => {
              const files = [...(currentTarget.files ?? [])];
              currentTarget.value = '';
              void openFiles(files);
            }}
          />
          <span>Open</span>
        </label>
        <details
          class="menu"
          onFocusOut={({ currentTarget, relatedTarget }) => {
            if (!currentTarget.contains(relatedTarget as Node | null)) currentTarget.open = false;
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.currentTarget.open = false;
            event.currentTarget.querySelector('summary')?.focus();
          }}
        >
          <summary>Save</summary>
          <div>
            <button type="button" disabled={!isIdle.value} onClick={() => void saveDialogues()}>
              Dialogue and settings, for <code>holdfast chat --load</code>
            </button>
            <button
              type="button"
              disabled={!isIdle.value || steer.value.policy === 'off'}
              onClick={() => void saveHold()}
            >
              The hold, for <code>--hold</code>
            </button>
            <button
              type="button"
              disabled={!isIdle.value || rounds.value.length === 0}
              onClick={() => void saveTrace()}
            >
              Trace, as <code>holdfast trace</code> writes it
            </button>
            <button type="button" disabled={rounds.value.length === 0} onClick={() => void savePage()}>
              This page, as one file that works offline
            </button>
            <button type="button" disabled={rounds.value.length === 0} onClick={() => void saveFigure('svg')}>
              Course as SVG
            </button>
            <button type="button" disabled={rounds.value.length === 0} onClick={() => void saveFigure('png')}>
              Course as PNG
            </button>
          </div>
        </details>
      </div>
    </>
  );
}

function ModelChooser() {
  const state = model.value;
  const name = state.kind === 'ready' ? state.card.name : state.name;
  return (
    <div class="model">
      <label class="field">
        <span>Model</span>
        <select
          value={name}
          disabled={isAnswering.value || state.kind === 'loading'}
          onChange={({ currentTarget }) => void load({ name: currentTarget.value, executor: chosen() })}
        >
          {MODEL_PLACES.map((place) => (
            <ModelsAt key={place} place={place} />
          ))}
        </select>
      </label>
      {executors.value.length > 1 && (
        <label class="field">
          <span>Runs on</span>
          <select
            value={state.kind === 'ready' ? state.card.executor : ''}
            disabled={isAnswering.value || state.kind === 'loading'}
            onChange={({ currentTarget }) => void load({ name, executor: currentTarget.value })}
          >
            {executors.value.map((choice) => (
              <option key={choice.name} value={choice.name} title={choice.about}>
                {executorName(choice.name)}
              </option>
            ))}
          </select>
        </label>
      )}
      {state.kind === 'loading' && state.progress.startsWith('downloading') && (
        <button type="button" onClick={stopLoading}>
          Cancel
        </button>
      )}
      <p class="quiet">
        {state.kind === 'loading' && `${state.progress} …`}
        {state.kind === 'ready' &&
          executors.value.length < 2 &&
          `${state.card.layers} layers × ${state.card.heads} heads, on ${executorName(state.card.executor)}`}
      </p>
    </div>
  );
}

/** What the page calls the places of models. */
const PLACES: Readonly<Record<ModelChoice['place'], string>> = {
  here: 'here',
  cache: 'in the cache',
  hub: 'to download',
};

/** The models of one place. A model that is not here shows its size. */
function ModelsAt({ place }: Pick<ModelChoice, 'place'>) {
  const own = models.value.filter((choice) => choice.place === place);
  if (own.length === 0) return null;
  return (
    <optgroup label={PLACES[place]}>
      {own.map(({ name, about }) => (
        <option key={name} value={name} title={`${name}: ${about}`}>
          {name.split(/[\\/]/).slice(-2).join('/')}
          {place !== 'here' && `, ${about}`}
        </option>
      ))}
    </optgroup>
  );
}

/** The executor of the model in use, which the next one gets as well; null if none was chosen. */
const chosen = (): string | null => new URLSearchParams(location.search).get('executor');

const executorName = (executor: string): string => EXECUTORS[executor] ?? executor;

/** What the page calls executors. */
const EXECUTORS: Readonly<Record<string, string>> = {
  reference: 'one processor core',
  gpu: 'the GPU',
  cpu: 'the processor',
};

/** What the user should know about the model, or why there is none. */
export function ModelNotes() {
  const state = model.value;
  if (state.kind === 'failed' && state.failure.code === NEEDS_TOKEN) return <TokenForm />;
  if (state.kind === 'failed') {
    return (
      <div class="banner failure" role="alert">
        <p>
          <b>No model.</b> {state.failure.message}
        </p>
        <button
          type="button"
          onClick={() => void (state.name === '' ? start() : load({ name: state.name, executor: null }))}
        >
          Try again
        </button>
      </div>
    );
  }
  if (state.kind !== 'ready' || state.card.notes.length === 0) return null;
  return (
    <div class="banner" role="note">
      {state.card.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </div>
  );
}

/** Asks for the token of a server that needs one. It is kept in this tab alone. */
function TokenForm() {
  const text = useSignal('');
  return (
    <form
      class="banner"
      onSubmit={(event) => {
        event.preventDefault();
        void startWithToken(text.value);
      }}
    >
      <label class="field">
        <span>This server needs its token</span>
        <input
          type="password"
          autocomplete="off"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
          }}
        />
      </label>
      <button type="submit">Enter</button>
    </form>
  );
}
