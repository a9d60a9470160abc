import { expect, it } from 'vitest';
import { warningsIn } from './dawn.js';

it("Dawn's warnings lose the places in its sources", () => {
  const written = `error: XDG_RUNTIME_DIR is invalid or not set in the environment.
Warning: Vulkan shaderUniform*ArrayDynamicIndexing required.
 - While initializing adapter (backend=BackendType::Vulkan)
    at InitializeImpl (/home/runner/work/node-webgpu/third_party/dawn/PhysicalDeviceVk.cpp:257)
`;
  expect(warningsIn(written)).toEqual([
    'Dawn, the WebGPU of Node, warns: Vulkan shaderUniform*ArrayDynamicIndexing required.',
  ]);
});
