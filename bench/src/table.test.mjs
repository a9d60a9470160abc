import assert from 'node:assert/strict';
import { it } from 'node:test';
import { makeReport } from './report.mjs';
import { formatMarkdown, formatText } from './table.mjs';

const PEER = { id: 'peer', title: 'Peer', isPeer: true, module: '', variant: {} };
const FLASH = { id: 'peer-flash', title: 'Flash', isPeer: true, module: '', variant: {} };
const OURS = { id: 'ours', title: 'Ours', isPeer: false, module: '', variant: {} };

const LOAD = /** @type {const} */ ({
  title: 'load',
  workload: 'one',
  sample: 'loadMs',
  unit: 'ms',
  batch: 1,
  goals: { peer: 1.5 },
});
const RATE = /** @type {const} */ ({
  title: 'decode of 4',
  workload: 'one',
  sample: 'stepMs',
  unit: 'tokens/s',
  batch: 4,
  goals: {},
});
const RATIO = /** @type {const} */ ({
  title: 'ours ÷ peer',
  of: 'ours',
  to: ['peer', 'peer-flash'],
  goal: 'peer',
});

/**
 * @param {number[]} loadMs
 * @param {number[]} stepMs
 */
function ran(loadMs, stepMs = [20]) {
  return new Map([['one', [{ about: {}, samples: { loadMs, stepMs }, greedy: [1] }]]]);
}

it('divides our figures by the better peer and puts the goal beside the ratio', () => {
  const results = new Map([
    ['peer', ran([40])],
    ['peer-flash', ran([20])],
    ['ours', ran([10])],
  ]);
  const text = formatText(makeReport([PEER, FLASH, OURS], [LOAD], [RATIO], results));
  const [figures, , load, agreement, , ratios, , ratio] = text.split('\n');
  assert.match(figures, /Peer +Flash +Ours$/);
  assert.match(load, /^load, ms +40\.0 \(40\.0\) +20\.0 \(20\.0\) +10\.0 \(10\.0\)$/);
  assert.match(agreement, /100 % +100 % +100 %$/);
  assert.match(ratios, /ours ÷ peer +goal$/);
  assert.match(ratio, /^load +0\.50 \(0\.50\) +≤ 1\.50$/);
});

it('pools the samples of all rounds', () => {
  const rounds = [[10, 20], [90]].map((loadMs) => ({ about: {}, samples: { loadMs }, greedy: [1] }));
  const report = makeReport([OURS], [LOAD], [], new Map([['ours', new Map([['one', rounds]])]]));
  assert.equal(report.rows[0].figures.ours.median, 20);
});

it('shows the tokens of a batch per second, and divides times', () => {
  const results = new Map([
    ['peer', ran([1], [40])],
    ['ours', ran([1], [20])],
  ]);
  const report = makeReport([PEER, OURS], [RATE], [RATIO], results);
  assert.equal(report.rows[0].figures.peer.median, 100);
  assert.equal(report.rows[0].figures.ours.median, 200);
  assert.deepEqual(report.rows[0].ratios, [{ median: 0.5, p10: 0.5, goal: null }]);
});

it('omits a ratio if only the peer or only Holdfast ran', () => {
  for (const subject of [PEER, OURS]) {
    const report = makeReport([subject], [LOAD], [RATIO], new Map([[subject.id, ran([40])]]));
    assert.doesNotMatch(formatText(report), /÷|≤|NaN|Infinity/);
  }
});

it('writes the same cells as Markdown', () => {
  const results = new Map([
    ['peer', ran([40])],
    ['ours', ran([10])],
  ]);
  const markdown = formatMarkdown(makeReport([PEER, OURS], [LOAD], [RATIO], results));
  assert.match(markdown, /^\| load, ms +\| 40\.0 \(40\.0\) \| 10\.0 \(10\.0\) \|$/m);
  assert.match(markdown, /^\| load +\| 0\.25 \(0\.25\) \| ≤ 1\.50 \|$/m);
});
