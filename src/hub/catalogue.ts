import { z } from 'zod';
import { readTextNow } from '../files/index.js';
import { packageFile } from '../package.js';

const entrySchema = z.strictObject({
  /** Name on the hub, or the name of the embedded model. */
  model: z.string(),
  /** Number of parameters, from its model card. */
  parameters: z.int().positive(),
  licence: z.string(),
  /** Whether its licence must be accepted on its page before it can be downloaded. */
  gated: z.boolean(),
  /** Family, by the name that this toolkit uses. */
  family: z.string(),
  layers: z.int().positive(),
  kvHeads: z.int().positive(),
  headDim: z.int().positive(),
  /** Tokens. */
  contextLength: z.int().positive(),
  /** What was measured of its drift from its system prompt; null if nothing was measured. */
  drift: z.string().nullable(),
});

/** A model of the catalogue: a small open model. */
export type CatalogueEntry = z.infer<typeof entrySchema>;

const CATALOGUE = packageFile('models/catalogue.json');
/** All catalogued models store weights in 16 bits. */
const WEIGHT_BYTES = 2;
const CACHE_ELEMENT_BYTES = 4;

/** Reads the catalogue of small open models. The embedded model comes first. */
export function readCatalogue(): readonly CatalogueEntry[] {
  return z.array(entrySchema).parse(JSON.parse(readTextNow(CATALOGUE)));
}

/**
 * Returns the least memory that a model needs, in bytes: its stored weights, plus f32 keys and values of `tokens`
 * tokens (at most its context length).
 */
export function memoryBytes(entry: CatalogueEntry, tokens: number): number {
  const { parameters, layers, kvHeads, headDim, contextLength } = entry;
  const elementsPerToken = 2 * layers * kvHeads * headDim;
  return parameters * WEIGHT_BYTES + Math.min(tokens, contextLength) * elementsPerToken * CACHE_ELEMENT_BYTES;
}
