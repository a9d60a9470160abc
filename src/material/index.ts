/**
 * Material for studies: system prompts with probes and judges, openers, scripted users, held-out texts and questions, read
 * from `experiments/material` or a folder of the user's, checked where they come in. Judges are deterministic and offline.
 * Knows what is said and what a good answer is; must not know models or how studies are run.
 */
/** Stand-in until the room is furnished. */
export const fluency = (answer: string): number => (answer.trim() === '' ? 0 : 1);
