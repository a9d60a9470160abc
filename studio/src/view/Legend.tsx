import { GROUPS } from '../../../src/studio/protocol.js';
import { GROUP_NAMES } from '../draw/palette.js';
import { rounds } from '../state/dialogue.js';
import { isMarkdown, showMarkdown } from '../state/markdown.js';
import { painted } from '../state/settings.js';
import { useDarkest } from './AnswerCard.js';
import { percent } from './format.js';

/** What the colours of the strips mean, and the choice of the colour of words. */
export function Legend() {
  const darkest = useDarkest().value;
  return (
    <section class="legend" aria-label="Colours">
      <ul class="keys">
        {GROUPS.map((group) => (
          <li key={group}>
            <i class={`key key-${group}`} />
            {GROUP_NAMES[group]}
          </li>
        ))}
      </ul>
      <fieldset class="switch">
        <legend>Colour words by attention to</legend>
        {(
          [
            ['prompt', 'prompt'],
            ['message', 'last message'],
            ['sink', 'sink'],
            [null, 'none'],
          ] as const
        ).map(([group, name]) => (
          <label key={name}>
            <input
              type="radio"
              name="paint"
              checked={painted.value === group}
              onChange={() => {
                painted.value = group;
              }}
            />
            <span class="pill">{name}</span>
          </label>
        ))}
        {painted.value !== null && rounds.value.length > 0 && (
          <span class="quiet">darkest: {percent(darkest)}</span>
        )}
      </fieldset>
      <label class="check">
        <input
          type="checkbox"
          checked={isMarkdown.value}
          onChange={({ currentTarget }) => void showMarkdown(currentTarget.checked)}
        />
        Markdown, without colours
      </label>
    </section>
  );
}
