/**
 * Cells for calibrate that need no model: every setting adds STUB_GAIN to influence in the dialogues of the choice, and STUB_TESTED in
 * those of the test; every control adds STUB_CONTROL. boost is cheap, all others are dear.
 */
import { setTimeout } from 'node:timers/promises';
import { open as openStub } from '../study/stub-cells.mjs';

const { STUB_GAIN = '0.5', STUB_TESTED = STUB_GAIN, STUB_CONTROL = '0.1' } = process.env;
/** Calibration dialogues are the last ones of a source without an end. */
const LAST = 100_000;

export const open = async () => {
  const stub = await openStub();
  return { run: (cell) => run(stub, cell), close: stub.close };
};

async function run(stub, cell) {
  const { kind, labels } = cell;
  await setTimeout(2); // long enough for a signal
  const { record, timing } = await stub.run(cell);
  if (kind === 'cost')
    return { record: { ...record, sum: labels.arm.startsWith('boost') ? 0.1 : 6, count: 12 }, timing };
  if (kind === 'dialogue') {
    const rounds = record.rounds.map((round) => ({ ...round, notice: null, probes: [] }));
    return { record: { ...record, rounds }, timing };
  }
  if (kind !== 'influence') return { record, timing };
  const gain = gainOf(labels);
  const noise = (round) =>
    ((labels.index * 7 + round * 3) % 5) / 10 + (isSetting(labels) ? 0.02 * ((labels.index % 5) - 2) : 0);
  const references = record.references.map((reference) => ({
    ...reference,
    rounds: reference.rounds.map(({ round }) => ({ round, sum: 10 * (1 + noise(round) + gain), count: 10 })),
  }));
  return { record: { ...record, references }, timing };
}

function gainOf({ arm, index }) {
  if (arm === 'off') return 0;
  if (arm.includes('random')) return Number(STUB_CONTROL);
  return Number(index > LAST ? STUB_GAIN : STUB_TESTED);
}

const isSetting = ({ arm }) => arm !== 'off' && !arm.includes('random');
