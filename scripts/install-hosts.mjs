// Shows what an installation fetches. Packs the build, and installs it into empty folders:
//
// 1. without install scripts, through a proxy that counts hosts: only the registry may be asked;
// 2. with them, as a plain `npm install` does, from npm's cache through the same proxy: no host may be asked;
// 3. the same again in a process without a network: no script may need one.
//
// Linux only, because of `unshare`.
//
//     npm run build && node scripts/install-hosts.mjs
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/** Installs the package into an empty folder, in an environment, by a command that starts npm. Returns npm's output. */
async function install(name, tarball, env, options, [command, ...before] = ['npm']) {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true }));
  const quiet = ['--no-audit', '--no-fund', '--cache', join(folder, 'cache')];
  const { stdout } = await run(command, [...before, 'install', ...options, ...quiet, tarball], { cwd, env });
  return stdout;
}

try {
  await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(packed.stdout);
  const tarball = join(folder, filename);
  console.log(`package: ${(statSync(tarball).size / 1e6).toFixed(1)} MB`);
  const address = `http://127.0.0.1:${proxy.address().port}`;
  const proxies = { HTTPS_PROXY: address, HTTP_PROXY: address, https_proxy: address, http_proxy: address };
  const proxied = { ...process.env, ...proxies };
  await install('fetched', tarball, proxied, ['--ignore-scripts']);
  for (const [host, times] of hosts) console.log(`asked ${times} times: ${host}`);
  const registry = new URL((await run('npm', ['config', 'get', 'registry'])).stdout.trim()).host;
  const others = [...hosts.keys()].filter((host) => host.replace(/:443$/, '') !== registry);
  if (hosts.size === 0 || others.length > 0)
    throw new Error(`hosts besides ${registry}: ${others.join(', ') || 'none was counted'}`);

  hosts.clear();
  const scripts = ['--offline', '--foreground-scripts'];
  await install('with-scripts', tarball, proxied, scripts);
  if (hosts.size > 0) throw new Error(`install scripts asked ${[...hosts.keys()].join(', ')}`);
  const unplugged = ['unshare', '--net', '--map-root-user', 'npm'];
  const told = await install('without-network', tarball, process.env, scripts, unplugged);
  for (const [, script] of told.matchAll(/^> (\S+@\S+ \w+)$/gm))
    console.log(`ran without a network and asked no host: ${script}`);
} finally {
  proxy.close();
  proxy.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
}
