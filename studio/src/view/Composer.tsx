import { computed } from '@preact/signals';
import { isBusy, queue, send, stop } from '../state/answering.js';
import { byLine, draft } from '../state/draft.js';
import { model } from '../state/engine.js';
import { measuring } from '../state/files.js';

const lines = computed(() => draft.value.split('\n').filter((line) => line.trim() !== ''));

/** Where the user writes. Enter sends, Shift+Enter begins a line. */
export function Composer() {
  const isReady = model.value.kind === 'ready';
  const submit = (): void => {
    if (!isReady || draft.value.trim() === '') return;
    const messages = byLine.value ? lines.value : [draft.value];
    draft.value = '';
    byLine.value = false;
    void send(messages);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label class="sr-only" for="message">
        Message
      </label>
      <textarea
        id="message"
        rows={Math.min(6, Math.max(1, draft.value.split('\n').length))}
        placeholder="Write a message …"
        value={draft.value}
        onInput={({ currentTarget }) => {
          draft.value = currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            submit();
          }
        }}
      />
      {isBusy.value && (
        <button type="button" onClick={stop}>
          Stop
        </button>
      )}
      <button type="submit" class="primary" disabled={!isReady}>
        {isBusy.value ? 'Queue' : 'Send'}
      </button>
      {lines.value.length > 1 && (
        <label class="by-line">
          <input
            type="checkbox"
            checked={byLine.value}
            onChange={({ currentTarget }) => {
              byLine.value = currentTarget.checked;
            }}
          />
          send {lines.value.length} lines as messages, one after another
        </label>
      )}
      {measuring.value !== null && (
        <span class="quiet">
          measuring the file’s answers, turn {measuring.value.turn} of {measuring.value.of}
        </span>
      )}
      {queue.value.length > 0 && <span class="quiet">{queue.value.length} waiting</span>}
    </form>
  );
}
