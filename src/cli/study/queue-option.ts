import { InvalidArgumentError } from 'commander';

/** Reads the value of `--queue`. */
export function readQueue(text: string): string {
  if (/^rediss?:\/\/[^\s/]+/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('It must be redis://HOST:PORT, or rediss:// with TLS.');
}
