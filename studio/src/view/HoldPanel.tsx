import {
  mapShare,
  POLICIES,
  POLICY_RULES,
  type Policy,
  type Schedule,
  strengthText,
  takesStrength,
} from '../../../src/attention/index.js';
import { isAnswering } from '../state/answering.js';
import { model } from '../state/engine.js';
import { actsNow } from '../state/live-strength.js';
import { draw, positionOf, steer, strengthAt, withKind, withPolicy } from '../state/settings.js';
import { short } from './format.js';
import { HeadGrid } from './HeadGrid.js';
import { ScheduleCurve } from './ScheduleCurve.js';

const TARGETS = [
  ['message', 'the system message'],
  ['content', 'only its words'],
  ['prefix', 'everything up to its end'],
  ['sink', 'the first token (control)'],
  ['template', 'the template (control)'],
  ['random:1', 'a random span (control)'],
] as const;

const KINDS = [
  ['constant', 'constant'],
  ['per-turn', 'stronger each turn'],
  ['per-token', 'stronger with length'],
  ['target', 'a set share'],
] as const satisfies readonly (readonly [Schedule['kind'], string])[];

/** How the held side is steered. */
export function HoldPanel() {
  const { policy, schedule, target } = steer.value;
  const { preset = null, serverHold = null } = model.value.kind === 'ready' ? model.value.card : {};
  return (
    <div class="hold">
      <div class="presets">
        {serverHold !== null && (
          <button
            type="button"
            title="The hold that this server was started with"
            onClick={() => {
              steer.value = serverHold;
            }}
          >
            Server’s
          </button>
        )}
        {preset !== null && (
          <button
            type="button"
            title="The hold that was measured on this model"
            onClick={() => {
              steer.value = preset;
            }}
          >
            Preset
          </button>
        )}
        <button
          type="button"
          onClick={() => {
            steer.value = {
              ...steer.value,
              ...{ policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 } },
              ...{ target: 'message', pairs: null },
            };
          }}
        >
          Recommended
        </button>
        <button
          type="button"
          onClick={() => {
            steer.value = withPolicy(steer.value, 'off');
          }}
        >
          Off
        </button>
      </div>
      <label class="field wide">
        <span>Policy</span>
        <select
          value={policy}
          onChange={({ currentTarget }) => {
            steer.value = withPolicy(steer.value, currentTarget.value as Policy);
          }}
        >
          {POLICIES.map((name) => (
            <option key={name} value={name}>
              {name}: π′ = {POLICY_RULES[name].formula}
            </option>
          ))}
        </select>
      </label>
      {schedule !== null && takesStrength(policy) && (
        <>
          <fieldset class="switch">
            <legend>Strength</legend>
            {KINDS.map(([kind, name]) => (
              <label key={kind}>
                <input
                  type="radio"
                  name="kind"
                  checked={schedule.kind === kind}
                  onChange={() => {
                    steer.value = { ...steer.value, schedule: withKind(policy, schedule, kind) };
                  }}
                />
                <span class="pill">{name}</span>
              </label>
            ))}
          </fieldset>
          {schedule.kind === 'constant' ? (
            <StrengthSlider policy={policy} strength={schedule.strength} />
          ) : (
            <ScheduleCurve policy={policy} schedule={schedule} />
          )}
          <p class="quiet">{strengthText(policy)}</p>
        </>
      )}
      {policy === 'sustain' && (
        <p class="quiet">
          It measures each head’s share in the first answer, and keeps it from falling below that.
        </p>
      )}
      <label class="field wide">
        <span>Acts on</span>
        <select
          value={target}
          disabled={policy === 'off'}
          onChange={({ currentTarget }) => {
            steer.value = { ...steer.value, target: currentTarget.value };
          }}
        >
          {TARGETS.map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
          {TARGETS.every(([name]) => name !== target) && <option value={target}>{target}</option>}
        </select>
      </label>
      {policy !== 'off' && <HeadGrid />}
      <Sampling />
    </div>
  );
}

const DRAWS = [
  ['temperature', 'Temperature (0: always the most probable)', 0, 0.1],
  ['topP', 'Top-p', 0.05, 0.05],
  ['maxTokens', 'Longest answer, in tokens', 1, 1],
] as const;

/** How both sides draw their tokens. */
function Sampling() {
  return (
    <details>
      <summary class="quiet">Sampling of both sides</summary>
      <div class="sampling">
        {DRAWS.map(([name, words, minimum, step]) => (
          <label class="field" key={name}>
            <span>{words}</span>
            <input
              type="number"
              min={minimum}
              step={step}
              value={draw.value[name]}
              onChange={({ currentTarget }) => {
                const { valueAsNumber } = currentTarget;
                // The field says itself that it is invalid; the engine refuses what is out of range.
                if (currentTarget.validity.valid && !Number.isNaN(valueAsNumber)) {
                  draw.value = { ...draw.value, [name]: valueAsNumber };
                }
              }}
            />
          </label>
        ))}
      </div>
    </details>
  );
}

/** A constant strength. While the model answers, it acts on the next token. */
function StrengthSlider({ policy, strength }: { readonly policy: Policy; readonly strength: number }) {
  const { symbol } = POLICY_RULES[policy];
  return (
    <div class="strength">
      <label>
        <span>
          {symbol} = <output aria-live="off">{short(strength)}</output>
        </span>
        <input
          type="range"
          min={0}
          max={1}
          step={0.01}
          value={positionOf(policy, strength)}
          // A label names the first element in it that can have one: here, the output.
          aria-label={`Strength ${symbol}`}
          aria-valuetext={`${symbol} = ${short(strength)}`}
          onInput={({ currentTarget }) => {
            const chosen = strengthAt(policy, currentTarget.valueAsNumber);
            steer.value = { ...steer.value, schedule: { kind: 'constant', strength: chosen } };
          }}
        />
        <span class="ends" aria-hidden="true">
          <span>no change</span>
          <span>stronger</span>
        </span>
      </label>
      <PolicyCurve policy={policy} strength={strength} />
      <p class="quiet">
        {actsNow.value
          ? 'Acts on the next token.'
          : isAnswering.value
            ? 'Acts on the next answer: this one began under another hold.'
            : 'Acts on the next answer, and on each token while it is written.'}
      </p>
    </div>
  );
}

const SIZE = 96;

/** π′ as a function of π at a strength. */
function PolicyCurve({ policy, strength }: { readonly policy: Policy; readonly strength: number }) {
  const points = Array.from({ length: 49 }, (_, index) => {
    const share = index / 48;
    return `${(share * SIZE).toFixed(1)},${(SIZE - mapShare(policy, share, strength) * SIZE).toFixed(1)}`;
  });
  const example = mapShare(policy, 0.1, strength);
  return (
    <svg
      class="curve"
      viewBox={`-4 -4 ${SIZE + 8} ${SIZE + 8}`}
      role="img"
      aria-label={`A share of 10 % becomes ${Math.round(100 * example)} %`}
    >
      <path class="axis" d={`M0,0V${SIZE}H${SIZE}`} />
      <path class="identity" d={`M0,${SIZE}L${SIZE},0`} />
      <polyline points={points.join(' ')} />
      <circle cx={0.1 * SIZE} cy={SIZE - example * SIZE} r="3" />
      <text x={SIZE - 2} y={SIZE - 6} text-anchor="end">
        10 % → {Math.round(100 * example)} %
      </text>
    </svg>
  );
}
