import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectFailure, fixture, holdfastProcess, outcomeOf, start } from './holdfast.js';

const llama = fixture('models/llama');

/** Starts a server as a process, and returns it with its address once it listens. */
async function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = start(['serve', llama, '--port', '0', '--threads', '1', ...args], env);
  onTestFinished(() => void child.kill('SIGKILL'));
  const outcome = outcomeOf(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), outcome.then(({ stderr }) => [stderr])])) as [
    string,
  ];
  expect(line).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+$/);
  return { child, outcome, url: line.slice('listening on '.length) };
}

const chat = (url: string, key = 'none') =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({
      messages: [
        { role: 'system', content: 'Hold fast.' },
        { role: 'user', content: 'hello' },
      ],
    }),
  });

describe('holdfast serve', () => {
  it('answers with the settings of its options, logs no contents, and ends at a signal', async () => {
    const { child, outcome, url } = await serve([
      '--policy',
      'boost',
      '--strength',
      '3',
      '--max-tokens',
      '3',
    ]);
    const response = await chat(url);
    expect(response.status).toBe(200);
    const body = (await response.json()) as { hold: object; model: string; usage: object };
    expect(body).toMatchObject({
      model: 'llama',
      hold: { policy: 'boost', strength: 3 },
      usage: { completion_tokens: 3 },
    });
    child.kill('SIGTERM');
    const { code, stderr } = await outcome;
    expect([code, child.signalCode]).toEqual([0, null]);
    expect(stderr).toMatch(
      /^req_\w+ POST \/v1\/chat\/completions 200 done \d+ ms prompt \d+ \(0 cached\) answer 3$/m,
    );
    expect(stderr).not.toContain('hello');
  });

  it('takes its token from the environment', async () => {
    const { url } = await serve(['--max-tokens', '1'], { HOLDFAST_TOKEN: 'secret' });
    expect((await chat(url)).status).toBe(401);
    expect((await chat(url, 'secret')).status).toBe(200);
  });

  it('is refused where other machines could use it without a token, and for models of one name', async () => {
    expectFailure(
      await holdfastProcess(['serve', llama, '--host', '0.0.0.0']),
      2,
      /E_USAGE: other machines can reach 0\.0\.0\.0/,
    );
    expectFailure(
      await holdfastProcess(['serve', llama, '--models', llama]),
      2,
      /E_USAGE: two models would have the name llama/,
    );
    expectFailure(await holdfastProcess(['serve', llama, '--port', '70000']), 2, /--port/);
    expectFailure(await holdfastProcess(['serve', llama, '--cors', 'https://a.example/x']), 2, /--cors/);
    expectFailure(await holdfastProcess(['serve', llama, '--allow-host', 'http://box']), 2, /--allow-host/);
    expectFailure(await holdfastProcess(['serve', llama, '--cache', 'clean']), 2, /--cache clean needs/);
  });
});
