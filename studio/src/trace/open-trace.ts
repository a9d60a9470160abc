import { PageNumbers } from '../../../src/trace-page/numbers.js';
import type { PageData } from '../../../src/trace-page/page-data.js';

/** The trace in the page. */
export interface OpenTrace {
  readonly data: PageData;
  readonly numbers: PageNumbers;
}

/** Reads the trace that is embedded in the page. */
export async function openTrace(): Promise<OpenTrace> {
  const data: PageData = JSON.parse(embedded('trace-data'));
  const zipped = Uint8Array.from(atob(embedded('trace-numbers')), (character) => character.charCodeAt(0));
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream('gzip'));
  return { data, numbers: new PageNumbers(data, await new Response(stream).arrayBuffer()) };
}

const embedded = (id: string): string => document.getElementById(id)!.textContent;
