// Shows what an installation fetches: packs the build, installs it into an empty folder through a proxy that counts hosts, and then
// runs all install scripts without a network. Fails if any host but the registry was asked, or a script needs the network.
// Linux only, because of `unshare`.
//
//     npm run build && node scripts/install-hosts.mjs
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-install-'));
const run = promisify(execFile);

/** How often each host was asked. */
const hosts = new Map();
const proxy = createServer((request, response) => {
  count(new URL(request.url, 'http://unknown').host);
  response.writeHead(403).end();
}).on('connect', (request, client, head) => {
  count(request.url);
  const [host, port] = request.url.split(':');
  const server = connect(Number(port), host, () => {
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    server.write(head);
    server.pipe(client).pipe(server);
  });
  for (const socket of [server, client])
    socket.on('error', () => [server, client].map((each) => each.destroy()));
});
const count = (host) => hosts.set(host, (hosts.get(host) ?? 0) + 1);

try {
  await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(packed.stdout);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const address = `http://127.0.0.1:${proxy.address().port}`;
  const quiet = ['--no-audit', '--no-fund', '--cache', join(folder, 'cache')];
  await run('npm', ['install', '--ignore-scripts', ...quiet, join(folder, filename)], {
    cwd: folder,
    env: {
      ...process.env,
      HTTPS_PROXY: address,
      HTTP_PROXY: address,
      https_proxy: address,
      http_proxy: address,
    },
  });
  const scripts = await run(
    'unshare',
    ['--net', '--map-root-user', 'npm', 'rebuild', '--foreground-scripts'],
    {
      cwd: folder,
    },
  );
  console.log(`package: ${(statSync(join(folder, filename)).size / 1e6).toFixed(1)} MB`);
  for (const [host, times] of hosts) console.log(`asked ${times} times: ${host}`);
  for (const [, script] of scripts.stdout.matchAll(/^> (\S+@\S+ \w+)$/gm))
    console.log(`ran without a network: ${script}`);
  const registry = new URL((await run('npm', ['config', 'get', 'registry'])).stdout.trim()).host;
  const others = [...hosts.keys()].filter((host) => host.replace(/:443$/, '') !== registry);
  if (hosts.size === 0 || others.length > 0)
    throw new Error(`hosts besides ${registry}: ${others.join(', ') || 'none was counted'}`);
} finally {
  proxy.close();
  proxy.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
}
