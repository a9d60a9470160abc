import { readdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type HubRepo, type LoopbackHub, startLoopbackHub } from './loopback-hub.js';

/** A hub and an empty cache for one test. */
export interface HubPlace {
  readonly hub: LoopbackHub;
  readonly cache: string;
  /** Returns the relative paths of the cache's files and links, without folders. */
  cached(): string[];
}

/** Starts a hub with an empty cache, and removes both when the test ends. */
export async function hubPlace(repos: Readonly<Record<string, HubRepo>>): Promise<HubPlace> {
  const cache = await mkdtemp(join(tmpdir(), 'holdfast-cache-'));
  const hub = await startLoopbackHub(repos);
  onTestFinished(async () => {
    await hub.close();
    rmSync(cache, { recursive: true });
  });
  const cached = (): string[] =>
    readdirSync(cache, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(cache.length + 1))
      .sort();
  return { hub, cache, cached };
}
