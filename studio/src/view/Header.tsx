import { computed } from '@preact/signals';
import { answerMissing, isAnswering, reset, rounds } from '../state/dialogue.js';
import { load, model, models } from '../state/engine.js';
import { openFiles, saveDialogues, saveFigure, savePage } from '../state/files.js';
import { draw, sideBySide } from '../state/settings.js';

const isIdle = computed(() => model.value.kind === 'ready' && !isAnswering.value);

/** The page's name, the model, and what concerns the whole dialogue. */
export function Header() {
  return (
    <header class="header">
      <h1>
        Holdfast <span>studio</span>
      </h1>
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
            accept=".json,application/json"
            disabled={!isIdle.value}
            onChange={({ currentTarget }) => {
              const files = [...(currentTarget.files ?? [])];
              currentTarget.value = '';
              void openFiles(files);
            }}
          />
          <span>Open</span>
        </label>
        <details class="menu">
          <summary>Save</summary>
          <div>
            <button
              type="button"
              disabled={!isIdle.value || rounds.value.length === 0}
              onClick={() => void saveDialogues()}
            >
              Dialogue, for <code>holdfast chat --load</code>
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
    </header>
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
          onChange={({ currentTarget }) => void load(currentTarget.value)}
        >
          {models.value.map((choice) => (
            <option key={choice.name} value={choice.name} title={`${choice.name}: ${choice.about}`}>
              {choice.name.split(/[\\/]/).slice(-2).join('/')}
            </option>
          ))}
        </select>
      </label>
      <p class="quiet" role="status">
        {state.kind === 'loading' && `${state.progress} …`}
        {state.kind === 'ready' &&
          `${state.card.layers} layers × ${state.card.heads} heads, on ${EXECUTORS[state.card.executor] ?? state.card.executor}`}
      </p>
    </div>
  );
}

/** What the page calls executors. */
const EXECUTORS: Readonly<Record<string, string>> = {
  reference: 'one processor core',
  gpu: 'the GPU',
  cpu: 'the processor (ggml)',
};

/** What the user should know about the model, or why there is none. */
export function ModelNotes() {
  const state = model.value;
  if (state.kind === 'failed') {
    return (
      <div class="banner failure" role="alert">
        <p>
          <b>No model.</b> {state.failure.message}
        </p>
        <button type="button" onClick={() => void load(state.name || 'organism')}>
          Try again
        </button>
      </div>
    );
  }
  if (state.kind !== 'ready' || state.card.notes.length === 0) return null;
  return (
    <details class="model-note quiet">
      <summary>Runs without a GPU</summary>
      {state.card.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </details>
  );
}
