import { useSignal } from '@preact/signals';
import type { StudyCell, StudyDialogue, StudyRound } from '../../../src/studio/study-protocol.js';
import type { OpenStudy } from '../state/open-study.js';
import { dialogueAt, sourceOf, sources } from '../state/studies.js';
import { CourseChart } from './CoursePanel.js';
import type { CoursePoint } from './course.js';
import { percent, short } from './format.js';

/** The dialogues of a study, two arms beside each other. */
export function StudyDialogues({ shown }: { readonly shown: OpenStudy }) {
  const source = useSignal(0);
  const scenario = useSignal<string | null>(null);
  const arms = useSignal<readonly [string | null, string | null]>([null, null]);
  const own = dialoguesOf(shown, sources.value[source.value] ?? '');
  if (own.length === 0) {
    return <p class="hint">No dialogue of this study is done yet. They appear here as they come.</p>;
  }
  const scenarios = [...new Set(own.map(scenarioOf))];
  const names = [...new Set(own.map(({ arm }) => arm))];
  const here = scenarios.includes(scenario.value ?? '') ? scenario.value! : scenarios[0]!;
  const at = scenarios.indexOf(here);
  const sides = arms.value.map((arm, side) =>
    names.includes(arm ?? '') ? arm! : names[Math.min(side, names.length - 1)]!,
  );
  const cells = sides.map((arm) => own.find((cell) => cell.arm === arm && scenarioOf(cell) === here));
  const go = (step: number): void => {
    scenario.value = scenarios[at + step]!;
  };
  return (
    <section class="card study-dialogues" aria-labelledby="dialogues-title">
      <h2 id="dialogues-title">Dialogues</h2>
      <div class="choices">
        <Choice
          name="Model and source"
          options={sources.value.map((name, index) => [String(index), name])}
          value={String(source.value)}
          choose={(value) => {
            source.value = Number(value);
          }}
        />
        <Choice
          name="Dialogue"
          options={scenarios.map((name) => [name, name])}
          value={here}
          choose={(value) => {
            scenario.value = value;
          }}
        />
        <button type="button" disabled={at === 0} onClick={() => go(-1)}>
          Previous
        </button>
        <button type="button" disabled={at === scenarios.length - 1} onClick={() => go(1)}>
          Next
        </button>
        {(['Left', 'Right'] as const).map((name, side) => (
          <Choice
            key={name}
            name={name}
            options={names.map((arm) => [arm, arm])}
            value={sides[side]!}
            choose={(value) => {
              arms.value = side === 0 ? [value, sides[1]!] : [sides[0]!, value];
            }}
          />
        ))}
      </div>
      <Both sides={sides} cells={cells} />
    </section>
  );
}

/** Returns the cells of dialogues that are done, of one model and source. */
function dialoguesOf({ cells, news }: OpenStudy, source: string): readonly StudyCell[] {
  return cells.filter(
    (cell, at) => cell.kind === 'dialogue' && news[at]!.state === 'done' && sourceOf(cell) === source,
  );
}

const scenarioOf = ({ index, seed }: StudyCell): string => `${index}, seed ${seed}`;

function Choice({
  name,
  options,
  value,
  choose,
}: {
  readonly name: string;
  readonly options: readonly (readonly [value: string, words: string])[];
  readonly value: string;
  readonly choose: (value: string) => void;
}) {
  return (
    <label class="field">
      <span>{name}</span>
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {options.map(([of, words]) => (
          <option key={of} value={of}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

const COLUMNS = ['untouched', 'held'] as const;

function Both({
  sides,
  cells,
}: {
  readonly sides: readonly string[];
  readonly cells: readonly (StudyCell | undefined)[];
}) {
  const found = cells.map((cell) => (cell === undefined ? 'not done yet' : dialogueAt(cell.address)));
  const dialogues = found.map((one) => (one === null || typeof one === 'string' ? null : one));
  const first = dialogues.find((dialogue) => dialogue !== null);
  const numbers = [
    ...new Set(dialogues.flatMap((dialogue) => dialogue?.rounds.map(({ round }) => round) ?? [])),
  ];
  return (
    <>
      {first !== undefined && (
        <>
          <p class="quiet">
            {first.scenario}, group {first.group}
          </p>
          <p class="study-prompt">{first.system}</p>
          <div class="study-course">
            <CourseChart
              course={courseOf(dialogues)}
              names={{ untouched: sides[0]!, held: sides[1]!, before: '' }}
              x="round"
              label="The system message’s share of attention over the rounds; the numbers are above each answer"
            />
          </div>
        </>
      )}
      <div class="heads columns-2">
        {sides.map((arm, side) => (
          <h3 key={COLUMNS[side]} class={COLUMNS[side]!}>
            {arm} {typeof found[side] === 'string' && <small>{found[side]}</small>}
          </h3>
        ))}
      </div>
      <ol class="rounds">
        {numbers
          .sort((a, b) => a - b)
          .map((number) => {
            const rounds = dialogues.map((dialogue) =>
              dialogue?.rounds.find(({ round }) => round === number),
            );
            const users = rounds.map((round) => round?.user);
            const isOne = users.every((user) => user === undefined || user === (users[0] ?? users[1]));
            return (
              <li key={number} class="round">
                <div class="message">
                  <span class="turn-number">{number}</span>
                  {isOne && <p class="said">{users[0] ?? users[1]}</p>}
                </div>
                <div class="answers columns-2">
                  {rounds.map((round, side) => (
                    <RoundCard
                      key={COLUMNS[side]}
                      round={round}
                      column={COLUMNS[side]!}
                      arm={sides[side]!}
                      hasOwnUser={!isOne}
                    />
                  ))}
                </div>
              </li>
            );
          })}
      </ol>
    </>
  );
}

function courseOf(dialogues: readonly (StudyDialogue | null)[]): CoursePoint[] {
  const [left, right] = dialogues.map(
    (dialogue) => new Map(dialogue?.rounds.map(({ round, share }) => [round, share.after])),
  );
  const rounds = [...new Set([...left!.keys(), ...right!.keys()])].sort((a, b) => a - b);
  return rounds.map((turn) => ({
    ...{ turn, untouched: left!.get(turn) ?? null, held: right!.get(turn) ?? null, before: null },
  }));
}

function RoundCard({
  round,
  column,
  arm,
  hasOwnUser,
}: {
  readonly round: StudyRound | undefined;
  readonly column: (typeof COLUMNS)[number];
  readonly arm: string;
  readonly hasOwnUser: boolean;
}) {
  if (round === undefined) return <div class={`answer ${column} empty`}>no such round</div>;
  const { user, answer, finished, contextTokens, strength, notice, share, probes } = round;
  return (
    <article class={`answer ${column}`} data-side={arm}>
      <p class="caption">
        system message <b>{share.after === null ? 'out of sight' : percent(share.after)}</b>
        {share.before !== null &&
          share.before !== share.after &&
          ` (${percent(share.before)} before the policy)`}
        {strength !== null && ` · strength ${short(strength)}`} · {contextTokens} tokens
        {notice !== null && <span class="notice"> · {notice}</span>}
      </p>
      {hasOwnUser && <p class="said">{user}</p>}
      <p class="text">
        {answer}
        {!finished && <span class="quiet"> (cut off)</span>}
      </p>
      {probes.length > 0 && (
        <ul class="probes">
          {probes.map(({ label, question, answer: said, score }, index) => (
            <li key={index}>
              <b class={score >= 1 ? 'kept' : 'lost'}>
                score {short(score)} · {label}
              </b>
              <p class="quiet">{question}</p>
              <p class="text">{said}</p>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
