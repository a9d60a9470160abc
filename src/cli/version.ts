import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Package = z.object({ version: z.string() });

/** The version in this package's own package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return Package.parse(JSON.parse(text)).version;
}

/** What ran, for the record of a result: the product, Node, and the runtime behind the executor. */
export async function readVersions(executor: string): Promise<Record<string, string>> {
  const versions = { holdfast: packageVersion(), node: process.versions.node };
  if (executor !== 'cpu') return versions;
  const { env } = await import('onnxruntime-node');
  return { ...versions, 'onnxruntime-node': env.versions.node ?? 'unknown' };
}
