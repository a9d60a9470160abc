import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadMaterial } from '../material/index.js';
import { primedSource, type ScenarioSource, scriptSource, selfChatSource } from './index.js';

/** Returns a hash of the first dialogues of a source, and of the prompts that chance is measured under. */
function digest(source: ScenarioSource, count: number): string {
  const dialogues = Array.from({ length: count }, (_, index) => {
    const { id, content, unrelated } = source.at(index);
    return [id, content, unrelated];
  });
  return createHash('sha256').update(JSON.stringify(dialogues)).digest('hex').slice(0, 16);
}

describe('the dialogues of the bundled material', () => {
  const bundled = loadMaterial();
  const all = { groups: null, rounds: 8 };

  /**
   * A study finds its results by what its dialogues are made of, and their order decides which it has. If this fails, the
   * change belongs into a new set, or studies are computed again: then say so, and write the new hashes here.
   */
  it('never change: studies that ran keep their results', () => {
    expect(digest(scriptSource(bundled, { ...all, script: 'curious' }), 128)).toBe('7af3e62e9bba7a50');
    expect(digest(primedSource(bundled, { ...all, script: 'curious', given: 3 }), 128)).toBe(
      '938acb653731706d',
    );
    expect(digest(selfChatSource(bundled, all), 256)).toBe('ef9425132c577cb9');
  });
});
