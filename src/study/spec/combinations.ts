/** Returns every way to choose one value of each list; those of the first list vary slowest. */
export function combinations<Choices extends object>(
  choices: {
    readonly [Key in keyof Choices]: readonly Choices[Key][];
  },
): readonly Choices[] {
  const lists = Object.entries(choices) as [string, readonly unknown[]][];
  return lists.reduce<readonly object[]>(
    (begun, [key, values]) => begun.flatMap((arm) => values.map((value) => ({ ...arm, [key]: value }))),
    [{}],
  ) as readonly Choices[];
}
