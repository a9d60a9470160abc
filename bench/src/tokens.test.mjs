import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fixedTokens } from './tokens.mjs';

it('gives the same token at a position, whatever the count', () => {
  assert.deepEqual(fixedTokens(100, 3), fixedTokens(4200, 3).slice(0, 100));
});

it('gives each sequence a text of its own', () => {
  const texts = Array.from({ length: 16 }, (_, sequence) => fixedTokens(500, sequence));
  for (const [index, text] of texts.entries()) {
    for (const other of texts.slice(0, index)) {
      const same = text.filter((id, position) => id === other[position]).length;
      assert.ok(same < 50, `${same} of 500 tokens are the same`);
    }
  }
});

it('stays within a small vocabulary and does not repeat', () => {
  const tokens = fixedTokens(4200, 0);
  assert.ok(tokens.every((id) => Number.isInteger(id) && id >= 100 && id < 1100));
  assert.ok(new Set(tokens).size > 900);
});
