/**
 * Returns the merges of a SentencePiece BPE vocabulary; a GGUF file stores only scores. SentencePiece merges any two
 * neighbours whose joined text is a piece, the piece with the highest score first. As a list of pairs, that is every
 * split of every piece into two pieces, sorted by score (highest first), then by the length of the left part (longest
 * first). Transformers' `generate_merges` uses the same order, so the ids equal those of the family's own
 * `tokenizer.json`.
 * @param scores the scores of the pieces that merging may produce, keyed by piece
 */
export function mergesFromScores(scores: ReadonlyMap<string, number>): [string, string][] {
  const merges: { left: string; right: string; score: number }[] = [];
  for (const [piece, score] of scores) {
    for (let at = 1; at < piece.length; at++) {
      // Never split a surrogate pair: merging starts from whole characters.
      const unit = piece.charCodeAt(at);
      if (unit >= 0xdc00 && unit <= 0xdfff) continue;
      const left = piece.slice(0, at);
      const right = piece.slice(at);
      if (scores.has(left) && scores.has(right)) merges.push({ left, right, score });
    }
  }
  merges.sort(
    (a, b) => b.score - a.score || b.left.length - a.left.length || b.right.length - a.right.length,
  );
  return merges.map(({ left, right }) => [left, right]);
}
