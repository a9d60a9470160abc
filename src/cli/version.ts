import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Package = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });

/** The version in this package's own package.json. */
export function packageVersion(): string {
  return readPackage().version;
}

/** That of a package that this one depends on, which it pins. */
function dependencyVersion(name: string): string {
  return readPackage().dependencies[name] ?? 'unknown';
}

function readPackage(): z.infer<typeof Package> {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return Package.parse(JSON.parse(text));
}

/** What ran, for the record of a result: the product, Node, and the runtime behind the executor. */
export async function readVersions(executor: string): Promise<Record<string, string>> {
  const versions = { holdfast: packageVersion(), node: process.versions.node };
  if (executor === 'gpu') return { ...versions, webgpu: dependencyVersion('webgpu') };
  if (executor !== 'cpu') return versions;
  const { env } = await import('onnxruntime-node');
  return { ...versions, 'onnxruntime-node': env.versions.node ?? 'unknown' };
}
