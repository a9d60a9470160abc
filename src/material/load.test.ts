import { expect, it } from 'vitest';
import { loadMaterial } from './index.js';

it('loads', () => {
  expect(loadMaterial().prompts.length).toBeGreaterThan(11);
});
