/**
 * The merges of a SentencePiece BPE vocabulary, which a GGUF file stores as scores alone. SentencePiece merges any
 * two neighbours whose joined text is a piece, the piece with the highest score first; written as a list of pairs,
 * that is every cut of every piece into two pieces, best score first, longer left part first. This is the order of
 * transformers' `generate_merges`, so that ids are those of the family's own `tokenizer.json`.
 * @param scores of the pieces that merging may make, by piece
 */
export function mergesFromScores(scores: ReadonlyMap<string, number>): [string, string][] {
  const merges: { left: string; right: string; score: number }[] = [];
  for (const [piece, score] of scores) {
    for (let at = 1; at < piece.length; at++) {
      // Not between the halves of a surrogate pair: merging starts from whole characters.
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
