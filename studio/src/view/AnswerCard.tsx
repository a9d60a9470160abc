import { useComputed } from '@preact/signals';
import { Fragment, type VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { POLICY_RULES } from '../../../src/attention/index.js';
import { type Column, GROUPS, type Steer, type TokenTrace } from '../../../src/studio/protocol.js';
import { GROUP_NAMES } from '../draw/palette.js';
import { type Answer, isUnfinished, turnOf } from '../state/answer.js';
import { isForeign } from '../state/current-model.js';
import { type Round, rounds } from '../state/dialogue.js';
import { isMarkdown } from '../state/markdown.js';
import { pin, pointed, useChosenToken } from '../state/selection.js';
import { painted } from '../state/settings.js';
import { AsTable } from './AsTable.js';
import { percent, short, turningPoints, visible } from './format.js';
import { Markdown } from './Markdown.js';
import { Strip, StripTable } from './Strip.js';

/** The largest share of the painted group in any token of the page: the darkest colour. */
export function useDarkest() {
  return useComputed(() => {
    const group = painted.value;
    if (group === null) return 1;
    const at = GROUPS.indexOf(group);
    let most = 0.02;
    for (const { answers } of rounds.value) {
      for (const answer of Object.values(answers)) {
        for (const { shares } of answer.value?.tokens ?? []) most = Math.max(most, shares[at]!);
      }
    }
    return most;
  });
}

/** One side's answer: its words, coloured by whom they listened to, and the strip of their shares. */
export function AnswerCard({
  round,
  index,
  column,
}: {
  readonly round: Round;
  readonly index: number;
  readonly column: Column;
}) {
  const answer = round.answers[column].value;
  if (answer === null) return <div class={`answer ${column} empty`}>not answered on this side</div>;
  return (
    <article
      class={`answer ${column}`}
      data-side={column}
      aria-label={`${column} answer`}
      aria-busy={isUnfinished(answer)}
    >
      <AnswerText answer={answer} index={index} column={column} />
      {answer.tokens.length > 0 && (
        <>
          <Strip round={index} column={column} tokens={answer.tokens} />
          <Caption answer={answer} index={index} column={column} />
          <AsTable>
            <StripTable tokens={answer.tokens} />
          </AsTable>
        </>
      )}
    </article>
  );
}

function AnswerText({
  answer,
  index,
  column,
}: {
  readonly answer: Answer;
  readonly index: number;
  readonly column: Column;
}) {
  const { status, reading, tokens, failure } = answer;
  const darkest = useDarkest().value;
  const group = painted.value;
  const at = group === null ? -1 : GROUPS.indexOf(group);
  const chosen = useChosenToken(index, column).value;
  const runs = useRef<Run[]>([]);
  const place = (target: EventTarget | null): number | null => {
    const token = (target as HTMLElement).dataset?.token;
    return token === undefined ? null : Number(token);
  };
  if (status === 'failed' && tokens.length === 0) return <p class="failure">{failure!.message}</p>;
  if (reading !== null) {
    return (
      <p class="quiet">
        reading turn {reading.turn} of {reading.of} again …
      </p>
    );
  }
  if (isMarkdown.value && (tokens.length > 0 || answer.given !== null)) {
    const text = answer.given?.assistant ?? tokens.map((token) => token.text).join('');
    return (
      <>
        <Markdown text={text} />
        {status === 'failed' && <p class="failure">{failure!.message}</p>}
      </>
    );
  }
  if (tokens.length === 0) {
    const given = turnOf(answer);
    if (given !== null && answer.given !== null) return <p class="text">{given.assistant}</p>;
    return (
      <p class="quiet">{status === 'done' ? 'stopped before the first word' : 'reading the message …'}</p>
    );
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the strip below takes the keyboard
    <p
      class={`text${group === null ? '' : ` painted paint-${group}`}`}
      onMouseOver={({ target }) => {
        const token = place(target);
        if (token !== null) pointed.value = { round: index, column, token };
      }}
      onFocus={() => {}}
      onMouseLeave={() => {
        pointed.value = null;
      }}
      onClick={({ target }) => {
        const token = place(target);
        if (token !== null) pin({ round: index, column, token });
      }}
    >
      {tokenRuns(tokens, { group: at, darkest, chosen }, runs.current)}
      {status === 'streaming' && <span class="caret" aria-hidden="true" />}
      {status === 'failed' && <span class="failure"> – {failure!.message}</span>}
    </p>
  );
}

/** Tokens that are drawn together. */
const RUN = 32;

/** A run of tokens as it was drawn, and from what. */
interface Run {
  readonly from: readonly unknown[];
  readonly drawn: VNode;
}

/** What the look of a token depends on. */
interface Look {
  /** The index of the painted group; −1 for none. */
  readonly group: number;
  readonly darkest: number;
  readonly chosen: number | null;
}

/** Returns the tokens of an answer in runs. Only runs that changed are drawn again: a new token concerns the last one. */
function tokenRuns(tokens: readonly TokenTrace[], { group, darkest, chosen }: Look, drawn: Run[]): VNode[] {
  const count = Math.ceil(tokens.length / RUN);
  drawn.length = Math.min(drawn.length, count);
  return Array.from({ length: count }, (_, run) => {
    const start = run * RUN;
    const own = tokens.slice(start, start + RUN);
    const inside = chosen !== null && Math.floor(chosen / RUN) === run ? chosen : null;
    const from = [own[0], own.at(-1), group, darkest, inside];
    const last = drawn[run];
    if (last?.from.every((value, index) => value === from[index])) return last.drawn;
    const made = (
      <Fragment key={run}>
        {own.map((token, index) => (
          <TokenSpan
            key={start + index}
            position={start + index}
            token={token}
            heat={group === -1 ? 0 : token.shares[group]! / darkest}
            isChosen={start + index === chosen}
          />
        ))}
      </Fragment>
    );
    drawn[run] = { from, drawn: made };
    return made;
  });
}

function TokenSpan({
  token,
  position,
  heat,
  isChosen,
}: {
  readonly token: TokenTrace;
  readonly position: number;
  readonly heat: number;
  readonly isChosen: boolean;
}) {
  if (token.text === '') return null;
  return (
    <span
      data-token={position}
      class={isChosen ? 'token chosen' : 'token'}
      style={{ '--heat': String(Math.round(100 * heat) / 100) }}
    >
      {token.text}
    </span>
  );
}

/** One line under a strip: the means of the answer, or the chosen token. */
function Caption({
  answer,
  index,
  column,
}: {
  readonly answer: Answer;
  readonly index: number;
  readonly column: Column;
}) {
  const chosen = useChosenToken(index, column).value;
  const token = chosen === null ? undefined : answer.tokens[chosen];
  if (token !== undefined) {
    const ranked = GROUPS.map((group, at) => ({ group, share: token.shares[at]! }))
      .sort((a, b) => b.share - a.share)
      .slice(0, 3);
    return (
      <p class="caption">
        <b class="mono">{visible(token.text)}</b> listened to{' '}
        {ranked.map(({ group, share }, rank) => (
          <span key={group}>
            {rank > 0 && ', '}
            {GROUP_NAMES[group]} {percent(share)}
          </span>
        ))}
      </p>
    );
  }
  const { end } = answer;
  const turn = turnOf(answer);
  if (turn === null) return <p class="caption">&nbsp;</p>;
  const prompt = end?.prompt ?? null;
  return (
    <p class="caption">
      {prompt !== null && (
        <>
          <span title={WHOLE_MESSAGE}>system message</span> <b>{percent(prompt.after)}</b>
          {prompt.after !== prompt.before && <> ({percent(prompt.before)} before the policy)</>}
          {' · '}
        </>
      )}
      {steerText(turn.steer, answer.tokens)}
      {FINISH[turn.finish]}
      {isForeign(answer) && ` · by ${answer.model!.name}`}
      {end !== null && end.notice !== null && <span class="notice"> · {end.notice}</span>}
      {end !== null && end.dropped.length > 0 && (
        <span class="notice"> · the context is full: turn {end.dropped.join(', ')} is no longer read</span>
      )}
    </p>
  );
}

/** What the caption's share counts, which is more than the strip's lowest bar. */
const WHOLE_MESSAGE = 'The prompt’s words and the header around them; the strip has the words alone.';

const FINISH = {
  stop: '',
  'stop-string': '',
  length: ' · cut at the longest answer',
  abort: ' · stopped',
} as const;

/** Returns how an answer was steered, with the strengths of its first and last token and of those where it turned. */
function steerText({ policy }: Steer, tokens: readonly TokenTrace[]): string {
  if (policy === 'off') return 'untouched';
  const strengths = tokens.flatMap(({ strength }) => strength ?? []);
  if (strengths.length === 0) return policy;
  return `${POLICY_RULES[policy].symbol} = ${turningPoints(strengths).map(short).join(' → ')}`;
}
