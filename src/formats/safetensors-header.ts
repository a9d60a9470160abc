import { JsonScanner } from './json-scanner.js';
import { quote } from './quote.js';

/** A tensor entry of the header. Only its grammar has been checked. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes `[begin, end)` within the data that follows the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** More than any tensor has. Bounds the list before it is allocated. */
const MAX_DIMENSIONS = 8;

/** Enough for 50,000 tensors: each has four keys. */
const MAX_KEYS = 200_000;

/**
 * Parses the JSON header: `{"__metadata__": {key: string}, name: {dtype, shape, data_offsets}, …}`.
 * Does not use `JSON.parse`, which keeps the last of two equal names and allocates whatever the text describes.
 * @throws JsonError
 */
export function parseSafetensorsHeader(text: string): SafetensorsHeader {
  const scanner = new JsonScanner(text, MAX_KEYS);
  const entries: HeaderEntry[] = [];
  const metadata = new Map<string, string>();
  scanner.object((name) => {
    if (name === '__metadata__') scanner.object((key) => metadata.set(key, scanner.string()));
    else entries.push(parseEntry(scanner, name));
  });
  scanner.end();
  return { entries, metadata };
}

function parseEntry(scanner: JsonScanner, name: string): HeaderEntry {
  scanner.peek();
  const at = scanner.position;
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  scanner.object((key) => {
    if (key === 'dtype') dtype = scanner.string();
    else if (key === 'shape') shape = parseNaturals(scanner, MAX_DIMENSIONS);
    else if (key === 'data_offsets') offsets = parseNaturals(scanner, 2);
    else scanner.skip();
  });
  const missing = dtype === undefined ? 'dtype' : shape === undefined ? 'shape' : 'data_offsets';
  if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
    return scanner.fail(`tensor ${quote(name)} has no valid ${missing}`, at);
  }
  return { name, dtype, shape, begin: offsets[0]!, end: offsets[1]! };
}

function parseNaturals(scanner: JsonScanner, atMost: number): number[] {
  const values: number[] = [];
  scanner.array(() => {
    if (values.length === atMost) scanner.fail(`more than ${atMost} numbers in a list`);
    values.push(scanner.natural());
  });
  return values;
}
