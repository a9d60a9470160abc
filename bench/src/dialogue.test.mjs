import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SYSTEM_PREFIX, spansUpTo } from './dialogue.mjs';

for (const length of [1, 2, 96, 97, 128, 196, 512, 4096]) {
  it(`covers a sequence of ${length} tokens with spans in order and none empty`, () => {
    let end = 0;
    for (const span of spansUpTo(length)) {
      assert.equal(span.start, end);
      assert.ok(span.end > span.start);
      end = span.end;
    }
    assert.equal(end, length);
  });
}

it('ends a span where the target ends', () => {
  assert.ok(spansUpTo(512).some(({ end }) => end === SYSTEM_PREFIX[0].end));
});
