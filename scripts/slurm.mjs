// Sets up a Slurm of one machine in a temporary folder, from Debian's packages: slurmctld slurmd slurm-client munge.
//
//     node scripts/slurm.mjs                 # as root; says what to export, runs until Ctrl-C, and removes everything
//
// It needs no systemd, no cgroups, no configuration in /etc, and does not touch a Slurm that is installed: its daemons have
// their own ports, keys and folders. Tests import `startSlurm`.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAMS = ['munged', 'slurmctld', 'slurmd'].map((name) => `/usr/sbin/${name}`);

/** Returns why no Slurm can be started here; null if it can. */
export function whyNoSlurm() {
  const absent = PROGRAMS.filter((path) => !existsSync(path));
  if (absent.length > 0)
    return `${absent.join(', ')} not installed (apt-get install slurmctld slurmd slurm-client munge)`;
  return process.getuid() === 0 ? null : 'slurmd needs root';
}

/** Returns a free port. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const configuration = ({ folder, controller, node, cores }) => `ClusterName=holdfast
SlurmctldHost=${hostname()}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmctldPort=${controller}
SlurmdPort=${node}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
KillWait=5
MailProg=/bin/true
NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=${cores} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;

/**
 * Starts munged, slurmctld and slurmd, and waits until the node is idle.
 * @returns `env` for sbatch and the others, and `stop`, which ends the daemons and removes the folder
 */
export async function startSlurm() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-slurm-'));
  for (const name of ['munge', 'state', 'spool']) mkdirSync(join(folder, name));
  chmodSync(folder, 0o755);
  for (const name of ['munge', 'state', 'spool']) chmodSync(join(folder, name), 0o755);
  const key = join(folder, 'munge', 'key');
  writeFileSync(key, randomBytes(128), { mode: 0o400 });
  chownSync(key, 0, 0);
  const file = join(folder, 'slurm.conf');
  const [controller, node] = [await freePort(), await freePort()];
  writeFileSync(file, configuration({ folder, controller, node, cores: availableParallelism() }));
  const env = { ...process.env, SLURM_CONF: file };
  const daemons = [];
  const start = (program, ...args) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    daemons.push({ program, child, said: () => said, ended: new Promise((end) => child.on('close', end)) });
  };
  const stop = async () => {
    for (const { child, ended } of daemons.toReversed()) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const munge = (name) => join(folder, 'munge', name);
  start(
    PROGRAMS[0],
    '--foreground',
    '--force',
    `--key-file=${key}`,
    `--socket=${munge('socket')}`,
    `--pid-file=${munge('pid')}`,
    `--log-file=${munge('log')}`,
    `--seed-file=${munge('seed')}`,
  );
  while (!existsSync(munge('socket'))) await waitFor(daemons);
  start(PROGRAMS[1], '-D', '-f', file);
  start(PROGRAMS[2], '-D', '-f', file, '-N', hostname());
  const from = Date.now();
  for (;;) {
    const { stdout } = spawnSync('sinfo', ['--noheader', '--format=%T'], { env, encoding: 'utf8' });
    if (stdout.trim() === 'idle') return { env, folder, stop };
    if (Date.now() - from > 60_000) {
      const logs = ['slurmctld.log', 'slurmd.log'].map((name) => readFileSync(join(folder, name), 'utf8'));
      await stop();
      throw new Error(`the node is not idle after a minute: ${stdout}\n${logs.join('\n')}`);
    }
    await waitFor(daemons);
  }
}

/** Waits a moment. Throws if a daemon has ended. */
async function waitFor(daemons) {
  await pause(200);
  const ended = daemons.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
  if (ended !== undefined) throw new Error(`${ended.program} ended: ${ended.said()}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const why = whyNoSlurm();
  if (why !== null) throw new Error(why);
  const { env, stop } = await startSlurm();
  console.log(`export SLURM_CONF=${env.SLURM_CONF}`);
  const keep = setInterval(() => {}, 2 ** 30);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      clearInterval(keep);
      void stop();
    });
  }
}
