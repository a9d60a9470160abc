import { useRef } from 'preact/hooks';
import { POLICY_RULES, type Policy, type Schedule, scheduledStrength } from '../../../src/attention/index.js';
import { rounds } from '../state/dialogue.js';
import { positionOf, steer, strengthAt, tidy } from '../state/settings.js';
import { percent, short } from './format.js';

const WIDTH = 280;
const HEIGHT = 96;
/** Turns on the axis of a schedule by turn. */
const TURNS = 16;
/** Lengths on the axis of a schedule by token: the dialogue is up to this many times as long as the target. */
const MOST_TIMES = 64;

/** A schedule as a curve. Its two ends can be dragged, or moved by the arrow keys. */
export function ScheduleCurve({
  policy,
  schedule,
}: {
  readonly policy: Policy;
  readonly schedule: Exclude<Schedule, { kind: 'constant' }>;
}) {
  if (schedule.kind === 'target') {
    return (
      <label class="strength">
        <span>
          mean share = <output aria-live="off">{percent(schedule.share)}</output>
        </span>
        <input
          type="range"
          min={0}
          max={1}
          step={0.01}
          value={schedule.share}
          // A label names the first element in it that can have one: here, the output.
          aria-label="Mean share"
          aria-valuetext={percent(schedule.share)}
          onInput={({ currentTarget }) => {
            steer.value = {
              ...steer.value,
              schedule: { kind: 'target', share: currentTarget.valueAsNumber },
            };
          }}
        />
      </label>
    );
  }
  return <DraggedCurve policy={policy} schedule={schedule} />;
}

type Moving = Extract<Schedule, { kind: 'per-turn' | 'per-token' }>;

function DraggedCurve({ policy, schedule }: { readonly policy: Policy; readonly schedule: Moving }) {
  const svg = useRef<SVGSVGElement>(null);
  const { symbol } = POLICY_RULES[policy];
  const yOf = (strength: number): number => HEIGHT * (1 - positionOf(policy, strength));
  const end = endOf(schedule);
  const steps = 64;
  const line = Array.from({ length: steps + 1 }, (_, index) => {
    const x = index / steps;
    const { strength } = scheduledStrength(policy, schedule, pointAt(schedule, x));
    return `${(x * WIDTH).toFixed(1)},${yOf(strength).toFixed(1)}`;
  });
  const change = (next: Moving): void => {
    steer.value = { ...steer.value, schedule: next };
  };
  /** Moves the start up or down, or the end in both directions. */
  const drag = (which: 'from' | 'to', x: number, y: number): void => {
    const strength = strengthAt(policy, Math.min(1, Math.max(0, 1 - y / HEIGHT)));
    if (which === 'from') change({ ...schedule, from: strength });
    else change(withEnd({ ...schedule, to: strength }, Math.min(1, Math.max(0.02, x / WIDTH))));
  };
  const onDown = (which: 'from' | 'to') => (event: PointerEvent) => {
    const box = svg.current!.getBoundingClientRect();
    const target = event.currentTarget as Element;
    target.setPointerCapture(event.pointerId);
    const move = ({ clientX, clientY }: Event & Pick<PointerEvent, 'clientX' | 'clientY'>): void =>
      drag(which, ((clientX - box.left) / box.width) * WIDTH, ((clientY - box.top) / box.height) * HEIGHT);
    const listener = (moved: Event): void => move(moved as PointerEvent);
    target.addEventListener('pointermove', listener);
    target.addEventListener('pointerup', () => target.removeEventListener('pointermove', listener), {
      once: true,
    });
  };
  const onKey = (which: 'from' | 'to') => (event: KeyboardEvent) => {
    const [dx, dy] = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[
      event.key
    ] ?? [0, 0];
    if (dx === 0 && dy === 0) return;
    event.preventDefault();
    const at = which === 'from' ? { x: 0, y: yOf(schedule.from) } : { x: end * WIDTH, y: yOf(schedule.to) };
    drag(which, at.x + dx! * (WIDTH / TURNS), at.y + dy! * (HEIGHT / 20));
  };
  const now = schedule.kind === 'per-turn' ? Math.min(TURNS, rounds.value.length) / TURNS : null;
  return (
    <figure class="schedule">
      <svg
        ref={svg}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-label="The strength over the dialogue"
      >
        <path class="axis" d={`M0,0V${HEIGHT}H${WIDTH}`} />
        {now !== null && <path class="now" d={`M${now * WIDTH},0V${HEIGHT}`} />}
        <polyline points={line.join(' ')} />
        <circle
          class="handle"
          cx={0}
          cy={yOf(schedule.from)}
          r="7"
          tabindex={0}
          role="slider"
          aria-label={`Strength at the start: ${symbol} = ${short(schedule.from)}`}
          aria-valuenow={schedule.from}
          onPointerDown={onDown('from')}
          onKeyDown={onKey('from')}
        />
        <circle
          class="handle"
          cx={end * WIDTH}
          cy={yOf(schedule.to)}
          r="7"
          tabindex={0}
          role="slider"
          aria-label={`Strength at the end: ${symbol} = ${short(schedule.to)}`}
          aria-valuenow={schedule.to}
          onPointerDown={onDown('to')}
          onKeyDown={onKey('to')}
        />
      </svg>
      <figcaption class="quiet">
        {symbol} = {short(schedule.from)} → {short(schedule.to)},{' '}
        {schedule.kind === 'per-turn'
          ? `reached in turn ${1 + Math.ceil(Math.abs(schedule.to - schedule.from) / Math.max(1e-9, schedule.step) - 1e-9)} of ${TURNS} shown`
          : `reached at ${Math.round(MOST_TIMES ** end)} times the target’s length`}
      </figcaption>
    </figure>
  );
}

/** The point of a dialogue at a place of the axis, 0…1. */
function pointAt({ kind }: Moving, x: number) {
  return kind === 'per-turn'
    ? { turn: 1 + Math.round(x * (TURNS - 1)), tokens: 1, targetTokens: 1 }
    : { turn: 1, tokens: MOST_TIMES ** x, targetTokens: 1 };
}

/** The place of the axis at which a schedule reaches its end; 1 if that is further on. */
function endOf(schedule: Moving): number {
  const distance = Math.abs(schedule.to - schedule.from);
  const place =
    schedule.kind === 'per-turn'
      ? distance / Math.max(1e-9, schedule.step) / (TURNS - 1)
      : distance / Math.max(1e-9, schedule.rate) / Math.log(MOST_TIMES);
  return Math.min(1, place);
}

/** Returns a schedule that reaches its end at a place of the axis. */
function withEnd(schedule: Moving, x: number): Moving {
  const distance = Math.abs(schedule.to - schedule.from);
  return schedule.kind === 'per-turn'
    ? { ...schedule, step: tidy(distance / Math.max(1, x * (TURNS - 1))) }
    : { ...schedule, rate: tidy(distance / (x * Math.log(MOST_TIMES))) };
}
