import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import { type CachedRepo, HubCache, hubNameText, hubSettings } from '../../hub/index.js';
import { nearest } from '../../nearest.js';
import { requireHubName } from '../options/index.js';
import { printBytes } from '../terminal/index.js';

export function registerModelsRemove(models: Command): void {
  models
    .command('rm')
    .description('remove a model from the cache, all revisions and files of it')
    .argument('<model>', 'owner/name')
    .option('--yes', 'do not ask')
    .action(async (text: string, { yes }: { readonly yes?: true }) => remove(text, yes === true));
}

async function remove(text: string, sure: boolean): Promise<void> {
  const cache = new HubCache(hubSettings().cache);
  const cached = await find(cache, text);
  if (!sure && !(await confirm(cached))) {
    process.stderr.write('nothing was removed\n');
    process.exitCode = 1;
    return;
  }
  await cache.remove(cached.repo);
  process.stderr.write(`removed ${cached.repo}, ${printBytes(cached.bytes)}\n`);
}

async function find(cache: HubCache, text: string): Promise<CachedRepo> {
  const all = await cache.scan();
  // What is listed by this very name comes first: Python's oldest models have no owner.
  const repo = all.some((candidate) => candidate.repo === text) ? text : wholeRepo(text);
  const cached = all.find((candidate) => candidate.repo === repo);
  if (cached !== undefined) return cached;
  const meant = nearest(
    repo,
    all.map((candidate) => candidate.repo),
  );
  throw new HoldfastError('E_NOT_FOUND', `${repo} is not in the cache`, {
    file: cache.folder,
    hint: meant === null ? 'holdfast models lists what is' : `Did you mean ${meant}?`,
  });
}

/** @throws HoldfastError `E_USAGE` for a name of less than a model */
function wholeRepo(text: string): string {
  const name = requireHubName(text);
  if (hubNameText(name) === name.repo) return name.repo;
  throw new HoldfastError('E_USAGE', `models are removed whole, not "${text}"`, {
    hint: `Name ${name.repo}`,
  });
}

async function confirm({ repo, bytes, folder }: CachedRepo): Promise<boolean> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new HoldfastError('E_USAGE', `nobody can be asked whether ${repo} is to be removed`, {
      hint: 'Run it in a terminal, or add --yes',
    });
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await reader
    .question(`Remove ${repo}, ${printBytes(bytes)} in ${folder}, which Python uses too? [y/N] `)
    .catch(() => '') // Ctrl-C and Ctrl-D
    .finally(() => reader.close());
  return /^y(es)?$/i.test(answer.trim());
}
