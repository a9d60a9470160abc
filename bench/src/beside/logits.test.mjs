import assert from 'node:assert/strict';
import { it } from 'node:test';
import { choice, distance, gapChange, partings, top } from './logits.mjs';

const row = (/** @type {number[]} */ ...logits) => Float32Array.from(logits);

it('lists the most likely tokens, of equal ones the lower id first', () => {
  assert.deepEqual(
    top(row(1, 3, 2, 3, -1, 0, 2.5)).map(({ id }) => id),
    [1, 3, 6, 2, 0],
  );
  assert.equal(choice(row(-5, -2, -2, -9)), 1);
});

it('measures changes of gaps, not what all logits have in common', () => {
  const ours = row(5, 4, 3, 2, 1, 0);
  assert.equal(gapChange(ours, row(15, 14, 13, 12, 11, 10)), 0);
  assert.equal(gapChange(ours, row(5, 4, 3, 2.5, 1, 0)), 0.5);
  assert.equal(gapChange(ours, row(5, 4, 3, 2, 1, 99)), 0, 'the sixth token does not count');
});

/** A prompt of two tokens and two greedy tokens, of which the second differs by the given gaps. */
const continuation = (/** @type {number} */ earlier, /** @type {number} */ gap) => ({
  ours: {
    name: 'text',
    ids: [7, 7, 0, 0],
    promptLength: 2,
    from: 0,
    rows: [row(9, 8, 7, 6, 5), row(9, 8, 7, 6, 5), row(9, 9 - gap, 1, 1, 1)],
  },
  peer: [row(9, 8 + earlier, 7, 6, 5), row(9, 8, 7, 6, 5), row(9, 9 + gap, 1, 1, 1)],
});

it('calls a parting a near tie only if gaps differed as much at an earlier position', () => {
  const tie = continuation(0.5, 0.125);
  const [found, ...others] = partings(tie.ours, tie.peer, tie.peer);
  assert.deepEqual(others, []);
  assert.deepEqual(
    { token: found.token, gaps: found.gaps, bound: found.bound, verdict: found.verdict },
    { token: 2, gaps: { ours: 0.125, peer: 0.125 }, bound: 0.5, verdict: 'near tie' },
  );
  assert.deepEqual([found.ours[0].id, found.peer[0].id], [0, 1]);

  const real = continuation(0.125, 0.125);
  assert.equal(partings(real.ours, real.peer, real.peer)[0].verdict, 'real difference');
});

it('blames the peer’s rounding only if its exact setting chooses as Holdfast', () => {
  const { ours, peer } = continuation(0.125, 0.125);
  assert.equal(partings(ours, peer, ours.rows)[0].verdict, 'own rounding');
  const third = [peer[0], peer[1], row(9, 9, 99, 1, 1)];
  assert.equal(partings(ours, peer, third)[0].verdict, 'real difference');
});

it('finds no parting in the prompt, nor between equal rows', () => {
  const { ours, peer } = continuation(5, 0);
  assert.deepEqual(partings(ours, peer, peer), []);
  assert.deepEqual(partings(ours, ours.rows, peer), []);
});

it('measures the distance over all logits of all rows', () => {
  assert.deepEqual(distance([[row(0, 0), row(0, 0)]], [[row(0, 0), row(0, -2)]]), { rms: 1, largest: 2 });
});
