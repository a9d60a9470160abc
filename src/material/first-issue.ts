import type { z } from 'zod';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What to say of a value that has not the shape it should: the first thing, at the place where it stands. */
export function firstIssue(error: z.ZodError): Issue {
  const issue = error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys;
    return { path: [...issue.path, key!], message: `there is no key ${key}` };
  }
  return { path: issue.path, message: issue.message };
}
