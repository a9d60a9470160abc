/**
 * `holdfast serve`: the OpenAI API over models of this machine. Knows flags, the log's lines and signals; the room `server`
 * decides everything that a client can see.
 */
import type { Command } from 'commander';
import { addModelArgument, addModelOptions, addSettingsOptions } from '../options/index.js';
import { addServerOptions, type ServeFlags } from './flags.js';
import { serve } from './serve.js';

/** Adds the arguments and options of `holdfast serve`. */
export function addServe(command: Command): void {
  addServerOptions(addModelArgument(command));
  addSettingsOptions(command, {
    seed: 'seed of every answer whose request has none (default: a random one each)',
    temperature: '0.7',
    topP: '0.95',
    maxTokens: 'what the context has left',
  });
  addModelOptions(command).action((named: string | undefined, flags: ServeFlags) => serve(named, flags));
}
