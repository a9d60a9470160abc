/**
 * Cells that need no model. A record depends only on the address, some arms fail in different ways, and one has long answers. Every execution
 * appends a line to the file STUB_LOG. If STUB_GATE names a socket, a cell announces its start there and waits until the
 * connection is closed. If STUB_WAIT is set, a cell waits for so many milliseconds. If STUB_BLOCK is set, the first cell of a thread
 * keeps the thread for so many milliseconds, as a long forward pass does.
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const { STUB_LOG, STUB_GATE, STUB_WAIT, STUB_BLOCK } = process.env;
let hasBlocked = false;

/** Arms that fail, by name. */
const ARMS = {
  throws: () => {
    throw new Error('this arm throws');
  },
  exits: () => process.exit(7),
  strays: () => new Promise(() => setImmediate(() => JSON.parse('this is not caught'))),
};

export const open = async () => ({ run, close: async () => {} });

async function run(cell) {
  if (STUB_LOG) appendFileSync(STUB_LOG, `${cell.address}\n`);
  if (STUB_WAIT) await pause(Number(STUB_WAIT));
  if (STUB_BLOCK && !hasBlocked) {
    hasBlocked = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(STUB_BLOCK));
  }
  if (STUB_GATE) await passGate(`${cell.labels.arm} ${cell.labels.index}`);
  await ARMS[process.env.STUB_HEALED ? '' : cell.labels.arm]?.();
  const timing = { address: cell.address, totalMs: 10, executorMs: 9.8, decodedTokens: 40 };
  return { record: RECORDS[cell.kind](cell), timing };
}

/** Resolves when the gate closes the connection. */
function passGate(message) {
  return new Promise((passed, failed) => {
    const socket = connect(STUB_GATE, () => socket.write(`${message}\n`));
    socket
      .on('data', () => {})
      .on('close', passed)
      .on('error', failed);
  });
}

/** Returns a number in 0…1, to 4 digits, that depends only on the words. */
const drawn = (...words) => {
  const bytes = createHash('sha256').update(words.join(' ')).digest();
  return Number((bytes.readUInt32BE(0) / 2 ** 32).toPrecision(4));
};

const heads = (address, round) => Array.from({ length: 6 }, (_, head) => drawn(address, round, head));

const RECORDS = {
  dialogue: ({ address, labels }) => ({
    kind: 'dialogue',
    ...labels,
    scenario: `scenario ${labels.index}`,
    group: labels.index % 2 === 0 ? 'pattern' : 'persona',
    system: 'Answer in capitals.\n"Always" – 常に.',
    rounds: [1, 2].map((round) => ({
      round,
      user: `Question ${round}?`,
      answer:
        labels.arm === 'large'
          ? 'x'.repeat(9 * 2 ** 20)
          : `ANSWER ${drawn(address, round, 'answer')} – é, "quoted",\nand a second line`,
      finished: drawn(address, round, 'finished') > 0.5,
      contextTokens: 40 * round,
      systemTokens: 12,
      strength: labels.arm === 'off' ? null : 0.5,
      share: { before: drawn(address, round, 'before'), after: drawn(address, round, 'after') },
      spread: { mean: 0.1, median: 0.05, ninetieth: 0.4, above: 0.01, below: 0.3 },
      heads: heads(address, round),
      controls: { sink: 0.4, template: 0.1, random: round === 1 ? null : drawn(address, round, 'random') },
      obedience: round === 1 ? null : drawn(address, round, 'obedience'),
      ability: null,
      fluency: 1,
      probes: [
        {
          label: 'capitals',
          rule: 'pattern',
          question: 'Loud?',
          answer: 'YES',
          score: drawn(address, round, 'probe'),
          repeat: 1,
        },
      ],
    })),
    forwardedTokens: 80,
    forwardPasses: 42,
  }),
  cost: ({ address, labels, measure }) => ({
    kind: 'cost',
    ...labels,
    measure,
    item: `item ${labels.index}`,
    sum: drawn(address, 'sum'),
    count: 12,
  }),
  influence: ({ address, labels, influence: { recorded, references } }) => ({
    kind: 'influence',
    ...labels,
    scenario: recorded.scenario,
    system: recorded.system,
    references: references.map((reference) => ({
      ...reference,
      rounds: recorded.rounds.map(({ round, answer }) => ({
        round,
        sum: drawn(address, answer),
        count: answer.length,
      })),
    })),
    forwardedTokens: 160,
    forwardPasses: 8,
  }),
  chance: ({ address, labels }) => ({
    kind: 'chance',
    ...labels,
    scenario: `scenario ${labels.index}`,
    group: 'pattern',
    system: 'Answer in capitals.\n"Always" – 常に.',
    unrelated: { id: 'rhymes', system: 'Rhyme.' },
    answers: ['none', 'unrelated'].map((under) => ({
      ...{ label: 'capitals', rule: 'pattern', question: 'Loud?', repeat: 1, answer: 'No.', under },
      score: drawn(address, under),
    })),
  }),
  ranking: ({ address, labels }) => ({
    kind: 'ranking',
    ...labels,
    scenario: `scenario ${labels.index}`,
    heads: [heads(address, 1), heads(address, 2)],
  }),
};
