import { z } from 'zod';
import { type Policy, parsePolicy, parseTarget, type Schedule } from '../attention/index.js';
import { policyChoice } from './settings-options.js';

// Schemas of settings in files: dialogues and holds write them alike.

/** A whole number, 0 or more. */
export const count = z.number().int().nonnegative();
/** Layers or heads; null for all. */
export const indices = z.array(count).nullable();
/** Layer and head. */
export const pair = z.tuple([count, count]);

/** The JSON of a schedule. */
export const schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), strength: z.number() }),
  z.strictObject({ kind: z.literal('per-turn'), from: z.number(), to: z.number(), step: z.number() }),
  z.strictObject({ kind: z.literal('per-token'), from: z.number(), to: z.number(), rate: z.number() }),
  z.strictObject({ kind: z.literal('target'), share: z.number() }),
]);

/** A policy; older files may use its former name. */
export const policy = z
  .string()
  .refine((name) => passes(() => parsePolicy(name)), { message: 'not a policy' })
  .transform(parsePolicy);

/** A target in the form that `--target` takes. */
export const target = z
  .string()
  .refine((text) => passes(() => parseTarget(text)), { message: 'not a target' });

/** Returns whether a policy can follow a schedule, or without one, whether it takes none. */
export const fitsPolicy = (policy: Policy, schedule: Schedule | null): boolean =>
  passes(() => policyChoice(policy, schedule));

/** Returns whether a parser accepts its input, that is, does not throw. */
function passes(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
