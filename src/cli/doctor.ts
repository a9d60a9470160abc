import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import type { Command } from 'commander';
import { openDawn } from '../dawn.js';
import { Graph } from '../executors/cpu/onnx/graph.js';
import { describeGpu } from '../executors/gpu/index.js';
import type { ExecutorName } from '../load.js';
import { type Paint, painter } from './colour.js';
import { oneLine } from './failure.js';
import { printBytes } from './print-bytes.js';
import { packageVersion } from './version.js';

/** Whether an executor works on this machine. */
type ExecutorHealth = { readonly name: ExecutorName } & (
  | { readonly works: true /** What it runs on. */; readonly runtime: string }
  | { readonly works: false /** Why not. */; readonly reason: string }
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

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('show what this machine has, and which executors work on it')
    .option('--json', 'write the same as JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const report = await examine();
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : print(report, painter(process.stdout)));
      if (!report.executors.some(({ works }) => works)) process.exitCode = 1;
    });
}

async function examine(): Promise<DoctorReport> {
  return {
    holdfast: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    executors: [
      await examineCpu(),
      await examineGpu(),
      { name: 'reference', works: true, runtime: `node ${process.versions.node}` },
    ],
  };
}

/** Loads the runtime and has it multiply two matrices, so that a broken installation shows here. */
async function examineCpu(): Promise<ExecutorHealth> {
  try {
    const { env, InferenceSession, Tensor } = await import('onnxruntime-node');
    const graph = new Graph();
    const x = graph.input('x', 'float32', [1, 2]);
    const weight = graph.constant('float32', [2, 1], [3, 4]);
    const product = graph.contrib('FusedMatMul', [x, weight], { alpha: { float: 1 } })[0]!;
    graph.output(graph.named('y', product), 'float32', [1, 1]);
    const session = await InferenceSession.create(graph.build().proto, { intraOpNumThreads: 1 });
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2), [1, 2]) });
    await session.release();
    const runtime = `onnxruntime-node ${env.versions.node ?? ''}`.trim();
    const result = y?.data[0];
    if (result === 11) return { name: 'cpu', works: true, runtime };
    return { name: 'cpu', works: false, reason: `${runtime} gives ${String(result)} for 1·3 + 2·4` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { name: 'cpu', works: false, reason: `onnxruntime-node cannot be used: ${why}` };
  }
}

/** Asks WebGPU for the adapter that the gpu executor would take. */
async function examineGpu(): Promise<ExecutorHealth> {
  try {
    const found = await describeGpu(await openDawn());
    if (found === null) {
      const reason =
        'WebGPU finds no GPU: on Linux it needs the Vulkan loader (libvulkan1) and a driver for it';
      return { name: 'gpu', works: false, reason };
    }
    const how = found.isSoftware
      ? ', a program on the processor: slower than cpu, and never chosen by auto'
      : '';
    return { name: 'gpu', works: true, runtime: `${found.name}${how}` };
  } catch (error) {
    return { name: 'gpu', works: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

function print(report: DoctorReport, paint: Paint): string {
  const { executors, memoryBytes, freeMemoryBytes } = report;
  const lines = [
    ['holdfast', report.holdfast],
    ['node', report.node],
    ['platform', report.platform],
    ['cpu', `${report.cpu}, ${report.cores} cores`],
    ['memory', `${printBytes(memoryBytes)}, ${printBytes(freeMemoryBytes)} free`],
    ...executors.map((health) => [
      health.name,
      health.works
        ? `${paint('works', 'green')}, ${health.runtime}`
        : `${paint('does not work', 'red')}: ${oneLine(health.reason)}`,
    ]),
  ];
  return lines.map(([name, value]) => `${name!.padEnd(10)}${value}\n`).join('');
}
