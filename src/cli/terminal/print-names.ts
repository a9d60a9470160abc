/** Prints names as a list in a sentence: `cpu, onnx and gpu`. */
export function printNames(names: readonly string[]): string {
  // Made only here: the first use of Intl takes a tenth of a command's start.
  return new Intl.ListFormat('en-GB').format(names);
}
