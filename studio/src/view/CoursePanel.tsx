import { type Answer, turnOf } from '../state/answer.js';
import { isComparable } from '../state/compare.js';
import { currentModel, isForeign } from '../state/current-model.js';
import { rounds } from '../state/dialogue.js';
import { type CourseNames, type CoursePoint, courseFigure, courseOf } from './course.js';
import { percent, short } from './format.js';
import { ScrollTable } from './ScrollTable.js';
import { CompareButton } from './TokenPanel.js';

const NAMES = { untouched: 'untouched', held: 'held', before: 'held, before' } as const;

/** The prompt's share over the turns, with what the policy did in each. */
export function CoursePanel() {
  const shown = rounds.value;
  const course = courseOf(shown, currentModel.value?.name ?? null);
  if (course.every(({ held, untouched }) => held === null && untouched === null)) {
    return <p class="hint">The course shows the system message’s share of attention, turn by turn.</p>;
  }
  const others = shown.some(({ answers }) =>
    Object.values(answers).some(({ value }) => value !== null && isForeign(value)),
  );
  return (
    <div class="course">
      <CourseChart
        id="course"
        course={course}
        names={NAMES}
        x="turn"
        label="The system message’s share of attention over the turns; the table below has the numbers"
      />
      <ScrollTable label="The course as a table">
        <thead>
          <tr>
            <th scope="col">turn</th>
            <th scope="col">untouched</th>
            <th scope="col">held</th>
            <th scope="col">held, before the policy</th>
            <th scope="col">KL, nats</th>
            <th scope="col">rows × heads changed</th>
          </tr>
        </thead>
        <tbody>
          {course.map(({ turn, untouched, held, before }, index) => {
            const answer = shown[index]!.answers.held.value;
            return (
              <tr key={turn}>
                <th scope="row">{turn}</th>
                <td>{untouched === null ? '–' : percent(untouched)}</td>
                <td>{held === null ? '–' : percent(held)}</td>
                <td>{before === null ? '–' : percent(before)}</td>
                <td>{costOf(answer, index)}</td>
                <td>{changedText(answer)}</td>
              </tr>
            );
          })}
        </tbody>
      </ScrollTable>
      <p class="quiet">
        The dashed line is the held side’s share before the policy changed it. “Rows × heads changed” is the
        receipt: it counts the shares that the policy changed in the result. KL divergence measures what the
        hold costs: how far the held model’s next token is from the untouched one’s.
        {others && ' Answers of another model are left out: their shares cannot be compared.'}
      </p>
    </div>
  );
}

/** Returns `412 of 450`: the receipt's changed shares, of those that could change. */
function changedText(answer: Answer | null): string {
  const receipt = answer?.end?.receipt ?? null;
  if (answer === null || receipt === null || isForeign(answer)) return '–';
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const changeable = sum(receipt.changeable.map((rows, layer) => rows * receipt.headsAsked[layer]!));
  return changeable === 0 ? `${sum(receipt.touched)}` : `${sum(receipt.touched)} of ${changeable}`;
}

/** Returns the mean KL divergence under the answer's own hold, or the way to ask for it. */
function costOf(answer: Answer | null, round: number) {
  const steer = turnOf(answer)?.steer;
  if (answer === null || steer === undefined || !isComparable(steer) || isForeign(answer)) return '–';
  const { comparison } = answer;
  if (comparison !== null && JSON.stringify(comparison.steer) === JSON.stringify(steer)) {
    return short(comparison.tokens.reduce((sum, { kl }) => sum + kl, 0) / comparison.tokens.length);
  }
  return (
    <CompareButton place={{ round, column: 'held' }} under={steer} isRunning={answer.comparing !== null} />
  );
}

/** The figure of a course. That of the dialogue is also what is saved as a picture. */
export function CourseChart({
  id,
  course,
  names,
  x: axisName,
  label: described,
}: {
  readonly id?: string;
  readonly course: readonly CoursePoint[];
  readonly names: CourseNames;
  /** What is counted along the x axis. */
  readonly x: string;
  /** What a screen reader says of it. */
  readonly label: string;
}) {
  const { width, height, axis, lines, ticks, turns } = courseFigure(course, names);
  const [left, right] = axis;
  return (
    <svg
      id={id}
      class="course-chart"
      xmlns="http://www.w3.org/2000/svg"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={described}
    >
      <text class="title" x={0} y={12}>
        The system message’s share of attention
      </text>
      <text x={0} y={26}>
        mean over each answer
      </text>
      <text x={(left + right) / 2} y={height - 4} text-anchor="middle">
        {axisName}
      </text>
      {ticks.map(({ share, y }) => (
        <g key={share}>
          <path class="gridline" d={`M${left},${y}H${right}`} />
          <text x={left - 4} y={y + 3.5} text-anchor="end">
            {Math.round(100 * share)} %
          </text>
        </g>
      ))}
      {turns.map(({ turn, x }) => (
        <text key={turn} x={x} y={height - 18} text-anchor="middle">
          {turn}
        </text>
      ))}
      {lines.map(({ name, points, label }) => {
        const last = points.at(-1);
        if (last === undefined) return null;
        return (
          <g key={name} class={`line ${name}`}>
            <polyline points={points.map((point) => point.join(',')).join(' ')} />
            {name !== 'before' && points.map(([x, y]) => <circle key={x} cx={x} cy={y} r="2.5" />)}
            {label !== null && (
              <text x={last[0] + 6} y={label + 3.5}>
                {names[name]}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}
