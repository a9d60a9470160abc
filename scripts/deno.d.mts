/** Returns the path of Deno's executable; null if it is not installed. */
export function denoPath(): string | null;
