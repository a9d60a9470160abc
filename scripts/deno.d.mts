/** Returns the path of Deno's executable; null if it is not installed. */
export function denoPath(): string | null;

/** Returns the test files that Deno runs, relative to the repository: those of the gpu executor. */
export function denoTests(): string[];
