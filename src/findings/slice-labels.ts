/** What identifies a slice. */
export interface SliceLabels {
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  readonly source: string;
}

/** Returns the key of the slice that a record belongs to. */
export const sliceKey = ({ model, executor, precision, source }: SliceLabels): string =>
  JSON.stringify([model, executor, precision, source]);

/** Returns the name of a slice in headings. */
export function sliceName({ model, source }: Pick<SliceLabels, 'model' | 'source'>): string {
  return `${model} · ${source}`;
}
