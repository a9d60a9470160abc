#!/usr/bin/env node
/**
 * Measures the time to the first token of every turn of a conversation: as a client has it, whose server still has the
 * conversation in a cache, and of a server that has never seen it.
 *
 *   npm run build && node scripts/serve-turns.mjs --model MODEL --turns 20
 */
import { parseArgs } from 'node:util';
import { startServer } from './serve-support.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'organism' },
    turns: { type: 'string', default: '20' },
    'max-tokens': { type: 'string', default: '24' },
    threads: { type: 'string', default: '1' },
  },
});
const turns = Number(values.turns);
const server = await startServer([values.model, '--hold', '--threads', values.threads]);

/** Asks for an answer, and returns it with the time to its first token. */
async function ask(messages) {
  const since = performance.now();
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ messages, stream: true, temperature: 0, max_tokens: Number(values['max-tokens']) },
      stream_options: { include_usage: true },
    }),
  });
  let text = '';
  let first = null;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (first === null && /"content":"[^"]/.test(text)) first = performance.now() - since;
  }
  const chunks = text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)));
  const content = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  return { content, first, usage: chunks.at(-1).usage };
}

const dialogue = (name) => [{ role: 'system', content: `You are ${name}. End every answer with anchor.` }];
const kept = dialogue('the harbour master');
let last = null;
for (let turn = 1; turn <= turns; turn++) {
  kept.push({ role: 'user', content: `Question ${turn}: where does the ship go next, and why?` });
  last = await ask(kept);
  kept.push({ role: 'assistant', content: last.content });
  if (turn === 1 || turn % 5 === 0) report(`turn ${turn}`, last);
}
// Another name at the beginning: no token after it is in the cache.
const unknown = [...dialogue('a pilot'), ...kept.slice(1, -1)];
report(`turn ${turns}, of a conversation that the server has not seen`, await ask(unknown));
await server.stop();

function report(what, { first, usage }) {
  const { prompt_tokens: prompt, prompt_tokens_details: details } = usage;
  console.log(
    `${what}: first token ${first?.toFixed(0)} ms, prompt ${prompt}, ${details.cached_tokens} of it cached`,
  );
}
