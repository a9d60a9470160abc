import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fixedTokens } from './tokens.mjs';

it('gives the same token at a position, whatever the count', () => {
  assert.deepEqual(fixedTokens(100), fixedTokens(4200).slice(0, 100));
});

it('stays within a small vocabulary and does not repeat', () => {
  const tokens = fixedTokens(4200);
  assert.ok(tokens.every((id) => Number.isInteger(id) && id >= 100 && id < 1100));
  assert.ok(new Set(tokens).size > 900);
});
