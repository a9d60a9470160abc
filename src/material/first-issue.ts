import type { z } from 'zod';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Returns the first error of a failed schema check, with the path of the value it is about. */
export function firstIssue(error: z.ZodError): Issue {
  const issue = error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys;
    return { path: [...issue.path, key!], message: `unknown key: ${key}` };
  }
  return { path: issue.path, message: issue.message };
}
