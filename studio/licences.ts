import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** The folder of the package that a module is in, and the package's name. */
const PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/**
 * Two plugins, for the page and for its worker, which Vite bundles apart. Together they write `licences.md` beside the
 * page: the licence of every package whose code is in either bundle. Vite's own `build.license` omits the worker.
 * @throws Error for a package without a licence file
 */
export function bundledLicences(): { readonly page: Plugin; readonly worker: Plugin } {
  const folders = new Map<string, string>();
  const collect = (ids: Iterable<string>): void => {
    for (const id of ids) {
      const [, folder, name] = PACKAGE.exec(id) ?? [];
      if (folder !== undefined && name !== undefined) folders.set(name, folder);
    }
  };
  return {
    worker: { name: 'licences:worker', generateBundle: (_, bundle) => collect(modulesOf(bundle)) },
    page: {
      name: 'licences:page',
      // The page imports its worker, so the worker's bundle is complete by now.
      generateBundle(_, bundle) {
        collect(modulesOf(bundle));
        const sections = [...folders]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([, folder]) => section(folder));
        this.emitFile({ type: 'asset', fileName: 'licences.md', source: [TITLE, ...sections].join('\n\n') });
      },
    },
  };
}

const TITLE = '# Licences of the packages whose code is in this page';

const modulesOf = (bundle: object): string[] =>
  Object.values(bundle).flatMap(
    (output: { readonly moduleIds?: readonly string[] }) => output.moduleIds ?? [],
  );

function section(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license: string;
  };
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${name} has no licence file, so its code must not be in the page`);
  return `## ${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
