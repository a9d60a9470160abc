/**
 * Cells for calibrate that need no model: every arm but off adds STUB_GAIN to the influence of late rounds, in the dialogues of the
 * choice; in those of the test it adds STUB_TESTED. boost is cheap, all others are dear.
 */
import { setTimeout } from 'node:timers/promises';
import { open as openStub } from '../study/stub-cells.mjs';

const { STUB_GAIN = '0.5', STUB_TESTED = STUB_GAIN } = process.env;
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
  const gain = labels.arm === 'off' ? 0 : Number(labels.index > LAST ? STUB_GAIN : STUB_TESTED);
  const noise = (round) =>
    ((labels.index * 7 + round * 3) % 5) / 10 + (labels.arm === 'off' ? 0 : 0.02 * ((labels.index % 5) - 2));
  const references = record.references.map((reference) => ({
    ...reference,
    rounds: reference.rounds.map(({ round }) => ({ round, sum: 10 * (1 + noise(round) + gain), count: 10 })),
  }));
  return { record: { ...record, references }, timing };
}
