import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { packageFile } from '../package.js';

const entrySchema = z.strictObject({
  /** Its name on the hub, or the embedded model's own. */
  model: z.string(),
  /** As its card has it. */
  parameters: z.int().positive(),
  licence: z.string(),
  /** Whether its licence has to be accepted on its page before it can be fetched. */
  gated: z.boolean(),
  /** As this toolkit names families. */
  family: z.string(),
  layers: z.int().positive(),
  kvHeads: z.int().positive(),
  headDim: z.int().positive(),
  /** Tokens that it was made for. */
  contextLength: z.int().positive(),
  /** What is known of how it drifts from its system prompt; null where nothing was measured. */
  drift: z.string().nullable(),
});

/** A small open model that is known. */
export type CatalogueEntry = z.infer<typeof entrySchema>;

const CATALOGUE = packageFile('models/catalogue.json');
/** All of them are stored in 16 bits a weight. */
const WEIGHT_BYTES = 2;
const CACHE_ELEMENT_BYTES = 4;

/** Small open models that are known, the embedded one first. */
export function readCatalogue(): readonly CatalogueEntry[] {
  return z.array(entrySchema).parse(JSON.parse(readFileSync(CATALOGUE, 'utf8')));
}

/**
 * What a model takes at least in memory: its weights as they are stored, and keys and values in f32 of so many tokens, or
 * of as many as it was made for, if that is fewer.
 */
export function memoryBytes(entry: CatalogueEntry, tokens: number): number {
  const { parameters, layers, kvHeads, headDim, contextLength } = entry;
  const elementsPerToken = 2 * layers * kvHeads * headDim;
  return parameters * WEIGHT_BYTES + Math.min(tokens, contextLength) * elementsPerToken * CACHE_ELEMENT_BYTES;
}
