/** Concatenates typed arrays. A single array is returned without a copy. */
export function joined<A extends Float32Array | Int8Array | Uint8Array>(parts: readonly A[]): A {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const all = new (first!.constructor as new (length: number) => A)(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Groups consecutive items of the same kind, keeping their order. */
export function runsOfOne<A>(things: readonly A[], kindOf: (thing: A) => string): A[][] {
  const runs: A[][] = [];
  for (const thing of things) {
    const run = runs.at(-1);
    if (run !== undefined && kindOf(run[0]!) === kindOf(thing)) run.push(thing);
    else runs.push([thing]);
  }
  return runs;
}
