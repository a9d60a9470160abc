export function run(argv: readonly string[]): Promise<void>;
