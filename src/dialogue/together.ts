/** Waits for all results, also if one of them fails: what belongs to the others is in use until then. */
export async function together<Results extends readonly Promise<unknown>[] | []>(
  promises: Results,
): Promise<{ -readonly [At in keyof Results]: Awaited<Results[At]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
