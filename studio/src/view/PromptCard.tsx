import { useSignal } from '@preact/signals';
import { rounds, system } from '../state/dialogue.js';
import { selected } from '../state/selection.js';
import { percent } from './format.js';

/**
 * The system prompt. While a token is chosen, its words are coloured by how much that token listened to each; else it is a
 * field.
 */
export function PromptCard() {
  const here = selected.value;
  const answer = here === null ? null : (rounds.value[here.round]?.answers[here.column].value ?? null);
  const token = here === null ? undefined : answer?.tokens[here.token];
  const isEditing = useSignal(false);
  const heat = token !== undefined && token.words.length > 0 && !isEditing.value;
  const most = heat ? Math.max(0.005, ...token!.words) : 1;
  return (
    <section class="prompt-card" aria-labelledby="prompt-title">
      <div class="prompt-head">
        <h2 id="prompt-title">
          <label for="system">System prompt</label>
        </h2>
        <label class="file">
          <input
            type="file"
            accept=".txt,.md,text/plain"
            onChange={async ({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file !== undefined) system.value = (await file.text()).trim();
              currentTarget.value = '';
            }}
          />
          <span>From a file</span>
        </label>
      </div>
      <div class="prompt-field">
        <textarea
          id="system"
          rows={2}
          value={system.value}
          placeholder="What the model is to do in every answer"
          onFocus={() => {
            isEditing.value = true;
          }}
          onBlur={() => {
            isEditing.value = false;
          }}
          onInput={({ currentTarget }) => {
            system.value = currentTarget.value;
          }}
        />
        {heat && (
          <p class="prompt-heat painted paint-prompt" aria-hidden="true">
            {answer!.words.map((word, index) => (
              <span
                key={index}
                class="token"
                title={percent(token!.words[index]!)}
                style={{ '--heat': String(token!.words[index]! / most) }}
              >
                {word}
              </span>
            ))}
          </p>
        )}
      </div>
    </section>
  );
}
