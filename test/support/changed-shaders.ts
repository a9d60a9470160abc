import { changedGpu, withChanges } from './gpu.js';

/** Returns a GPU whose shader modules are compiled from changed programs, and whose adapter has other properties changed. */
export const gpuWithShaders = (
  change: (code: string) => string,
  changes: (adapter: GPUAdapter) => object = () => ({}),
): Promise<GPU> =>
  changedGpu((adapter) => ({
    ...changes(adapter),
    requestDevice: async ({ requiredFeatures: wanted = [], ...descriptor }: GPUDeviceDescriptor) => {
      const requiredFeatures = [...wanted].filter((feature) => adapter.features.has(feature));
      const device = await adapter.requestDevice({ ...descriptor, requiredFeatures });
      const createShaderModule = (shader: GPUShaderModuleDescriptor): GPUShaderModule =>
        device.createShaderModule({ ...shader, code: change(shader.code) });
      return withChanges(device, { createShaderModule });
    },
  }));

/** Replaces every call of a function, whose argument is any expression. */
export function replaceCalls(code: string, name: string, by: (argument: string) => string): string {
  const call = new RegExp(`\\b${name}\\(`);
  const found = call.exec(code);
  if (found === null) return code;
  const start = found.index + found[0].length;
  let end = start;
  for (let depth = 1; depth > 0; end++) {
    if (code[end] === '(') depth++;
    if (code[end] === ')') depth--;
  }
  const inside = replaceCalls(code.slice(start, end - 1), name, by);
  return code.slice(0, found.index) + by(inside) + replaceCalls(code.slice(end), name, by);
}
