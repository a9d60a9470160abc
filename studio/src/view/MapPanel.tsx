import { computed, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Column, TokenTrace } from '../../../src/studio/protocol.js';
import { mapPixels } from '../draw/map.js';
import { palette } from '../draw/palette.js';
import type { AnswerModel } from '../state/answer.js';
import { isOther } from '../state/current-model.js';
import { columns, rounds } from '../state/dialogue.js';
import { pinned, selected, type TokenPlace } from '../state/selection.js';
import { AsTable } from './AsTable.js';
import { percent, visible } from './format.js';
import { HeadTable } from './HeadTable.js';

/** The tokens of the shown answers in time: those of the held side, or of the side that is chosen. */
const timeline = computed<readonly TokenPlace[]>(() => {
  const column = selected.value?.column ?? 'held';
  return rounds.value.flatMap(({ answers }, round) =>
    (answers[column].value?.tokens ?? []).map((_, token) => ({ round, column, token })),
  );
});

const isPlaying = signal(false);
/** Tokens a second in a replay. */
const REPLAY_RATE = 12;

/** The prompt's share in every layer and head, at one token, with a slider over the dialogue. */
export function MapPanel() {
  const places = timeline.value;
  const here = selected.value;
  const found = places.findIndex(({ round, token }) => round === here?.round && token === here.token);
  const at = found === -1 ? places.length - 1 : found;
  const place = places[at];
  const position = useRef(at);
  position.current = at;
  const playing = isPlaying.value;
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      const next = position.current + 1;
      if (next >= timeline.value.length) isPlaying.value = false;
      else pinned.value = timeline.value[next]!;
    }, 1000 / REPLAY_RATE);
    return () => clearInterval(timer);
  }, [playing]);
  const own = place === undefined ? null : modelAt(place);
  if (place === undefined || own === null) {
    return (
      <p class="hint">
        The map shows the system message’s share in every head, as soon as there is an answer.
      </p>
    );
  }
  const { layers, meanLayers } = own;
  return (
    <div class="map-panel">
      <h3>The system message’s share in every head</h3>
      <div class="maps">
        {columns.value.map((column) => {
          const answer = rounds.value[place.round]!.answers[column].value;
          const tokens = answer?.tokens ?? [];
          const token = tokens[Math.min(place.token, tokens.length - 1)];
          return <HeadMap key={column} column={column} token={token} model={answer?.model ?? null} />;
        })}
      </div>
      <div class="scale" aria-hidden="true">
        <span>0 %</span>
        <i />
        <span>{percent(MOST)} and more</span>
      </div>
      <div class="time">
        <button
          type="button"
          onClick={() => {
            if (!playing && at >= places.length - 1) pinned.value = places[0]!;
            isPlaying.value = !playing;
          }}
        >
          {playing ? 'Pause' : 'Replay'}
        </button>
        <input
          type="range"
          min={0}
          max={places.length - 1}
          value={at}
          aria-label="Token of the dialogue"
          aria-valuetext={`turn ${place.round + 1}, token ${place.token + 1}`}
          onInput={({ currentTarget }) => {
            isPlaying.value = false;
            pinned.value = places[currentTarget.valueAsNumber]!;
          }}
        />
        <span class="quiet">turn {place.round + 1}</span>
      </div>
      <p class="quiet">
        Rows are layers from 0 at the top, columns are heads. Means are over the layers that see furthest:{' '}
        {meanLayers.length === layers ? 'all' : meanLayers.join(', ')}.
      </p>
    </div>
  );
}

/** The model of the answer that a token is in; null if the answer is not there. */
const modelAt = ({ round, column }: TokenPlace): AnswerModel | null =>
  rounds.value[round]?.answers[column].value?.model ?? null;

/** The share from which on the colour is full. It is fixed, so that a replay shows how shares change. */
const MOST = 0.5;

function HeadMap({
  column,
  token,
  model,
}: {
  readonly column: Column;
  readonly token: TokenTrace | undefined;
  /** The model that answered; null if there is no answer. */
  readonly model: AnswerModel | null;
}) {
  const { layers, heads } = model ?? { layers: 1, heads: 1 };
  const canvas = useRef<HTMLCanvasElement>(null);
  const { groups, surface } = palette.value;
  const shares = token?.heads ?? [];
  useEffect(() => {
    const element = canvas.current;
    if (element === null || shares.length === 0) return;
    const pixels = mapPixels(shares, MOST, groups.prompt, surface);
    element.getContext('2d')!.putImageData(new ImageData(pixels, heads, layers), 0, 0);
  }, [shares, groups, surface, heads, layers]);
  return (
    <figure class="head-map">
      <figcaption class={column}>
        {column} <span class="mono quiet">{token === undefined ? '' : visible(token.text)}</span>
        {isOther(model) && <small> {model!.name}</small>}
      </figcaption>
      <span aria-hidden="true">
        <canvas ref={canvas} width={heads} height={layers} style={{ aspectRatio: `${heads} / ${layers}` }} />
      </span>
      <AsTable>
        <HeadTable
          label={`The system message’s share in each head, ${column}`}
          shares={shares}
          layers={layers}
          heads={heads}
        />
      </AsTable>
    </figure>
  );
}
