const LIST = new Intl.ListFormat('en-GB');

/** Prints names as a list in a sentence: `cpu, onnx and gpu`. */
export function printNames(names: readonly string[]): string {
  return LIST.format(names);
}
