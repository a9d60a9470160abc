/**
 * `holdfast doctor`: shows what works on this machine.
 */
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import type { Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import { EXECUTOR_TABLE, EXECUTORS, type ExecutorName } from '../../executors/registry.js';
import { NotInstalled, readPackage } from '../../package.js';
import { alignColumns } from '../../report/index.js';
import { oneLine, type Paint, printBytes, stdout } from '../terminal/index.js';

/** Whether an executor works on this machine. */
type ExecutorHealth = { readonly name: ExecutorName } & (
  | { readonly works: true /** The library and device it runs on. */; readonly runtime: string }
  | {
      readonly works: false;
      /** False if all that is missing is an optional package. */
      readonly installed: boolean;
      readonly reason: string;
    }
);

interface DoctorReport {
  readonly holdfast: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  /** Cores this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  readonly executors: readonly ExecutorHealth[];
}

/** Adds the arguments and options of `holdfast doctor`. */
export function addDoctor(command: Command): void {
  command.option('--json', 'write the report as JSON').action(async ({ json }: { readonly json?: true }) => {
    const report = await examine();
    stdout.lines(json ? [JSON.stringify(report)] : reportLines(report, stdout.paint));
    if (!report.executors.some(({ works }) => works)) process.exitCode = 1;
  });
}

async function examine(): Promise<DoctorReport> {
  return {
    holdfast: readPackage().version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    executors: await Promise.all(EXECUTORS.map(examineExecutor)),
  };
}

async function examineExecutor(name: ExecutorName): Promise<ExecutorHealth> {
  try {
    return { name, works: true, runtime: await EXECUTOR_TABLE[name].examine() };
  } catch (error) {
    return { name, works: false, installed: !(error instanceof NotInstalled), reason: reasonOf(error) };
  }
}

/** Returns an error's message without its code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof HoldfastError ? error.message.slice(`${error.code}: `.length) : error.message;
}

function reportLines(report: DoctorReport, paint: Paint): string[] {
  const { executors, memoryBytes, freeMemoryBytes } = report;
  const lines = [
    ['holdfast', report.holdfast],
    ['node', report.node],
    ['platform', report.platform],
    ['cpu', `${report.cpu}, ${report.cores} cores`],
    ['memory', `${printBytes(memoryBytes)}, ${printBytes(freeMemoryBytes)} free`],
    ...executors.map((health) => [health.name, healthText(health, paint)]),
  ];
  return alignColumns(lines, [1]);
}

function healthText(health: ExecutorHealth, paint: Paint): string {
  if (health.works) return `${paint('works', 'green')}, ${health.runtime}`;
  const verdict = health.installed ? paint('does not work', 'red') : 'optional';
  return `${verdict}: ${oneLine(health.reason)}`;
}
