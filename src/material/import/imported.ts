import type { Rule } from '../rule.js';

/** A prompt of imported material. The published data has no given, good or bad answers. */
export interface ImportedPrompt {
  readonly group: string;
  readonly id: string;
  readonly system: string;
  readonly question: string;
  readonly judge: Rule;
}

/** A scripted user of imported material. */
export interface ImportedScript {
  readonly name: string;
  readonly style: string;
  readonly dialogues: readonly (readonly string[])[];
}

/** Recorded dialogues of imported material, for the source `replay`. No program judges them. */
export interface ImportedRecording {
  readonly name: string;
  readonly dialogues: readonly {
    readonly group: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
  }[];
}

/** What a published file contains, in our form. */
export interface ImportedFile {
  readonly prompts?: readonly ImportedPrompt[];
  readonly scripts?: readonly ImportedScript[];
  readonly recordings?: readonly ImportedRecording[];
  /** What was left out: each reason, with the number of entries that have it. */
  readonly skipped?: ReadonlyMap<string, number>;
}

/** Returns how often each reason occurs. */
export function countReasons(reasons: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}
