import assert from 'node:assert/strict';
import { it } from 'node:test';
import { makeReport } from './report.mjs';
import { formatTable } from './table.mjs';

const PEER = { id: 'peer', title: 'Peer', isPeer: true, module: '', variant: {} };
const PEER_FLASH = { id: 'peer-flash', title: 'Flash', isPeer: true, module: '', variant: {} };
const OURS = { id: 'ours', title: 'Ours', isPeer: false, module: '', variant: {} };
const METRIC = /** @type {const} */ ({ id: 'loadMs', title: 'load', unit: 'ms', digits: 1, goal: 1.5 });

/** @param {number} loadMs */
const round = (loadMs) => ({ about: {}, samples: { loadMs: [loadMs] }, greedy: [1] });

it('divides our figures by the better peer and puts the goal beside the ratio', () => {
  const results = new Map([
    ['peer', [round(40)]],
    ['peer-flash', [round(20)]],
    ['ours', [round(10)]],
  ]);
  const [header, , load, agreement] = formatTable(
    makeReport([PEER, PEER_FLASH, OURS], [METRIC], results),
  ).split('\n');
  assert.match(header, /Peer +Flash +Ours +Ours ÷ +goal$/);
  assert.match(
    load,
    /^load, ms +40\.0 \(40\.0\) +20\.0 \(20\.0\) +10\.0 \(10\.0\) +0\.50 \(0\.50\) +≤ 1\.50$/,
  );
  assert.match(agreement, /100 % +100 % +100 %$/);
});

it('omits ratios if only the peer or only Holdfast ran', () => {
  for (const subject of [PEER, OURS]) {
    const report = makeReport([subject], [METRIC], new Map([[subject.id, [round(40)]]]));
    assert.doesNotMatch(formatTable(report), /÷|≤|NaN|Infinity/);
  }
});
