import type { Entry } from './entries.js';
import { readDistractors, readHandwritten } from './guardrails.js';
import type { ImportedFile } from './imported.js';
import { readSystemIfeval } from './system-ifeval.js';
import { readSharded, readStructFlow } from './turns.js';

/** A kind of published file: it is recognised by the keys of its first entry. */
export interface FileKind {
  /** The published name of the file. */
  readonly file: string;
  readonly keys: readonly string[];
  /** Keys that another kind with the same keys has. */
  readonly without?: readonly string[];
  read(entries: readonly Entry[]): ImportedFile;
}

/** A published collection that can be imported. */
export interface Format {
  readonly title: string;
  readonly address: string;
  readonly licence: string;
  readonly kinds: readonly FileKind[];
}

/** The published collections by the name that `--format` takes. */
export const FORMATS = {
  realguardrails: {
    title: 'RealGuardrails (Mu et al. 2025, arXiv 2502.12197)',
    address: 'https://github.com/normster/RealGuardrails',
    licence: 'MIT, Copyright (c) 2025 Norman Mu',
    kinds: [
      {
        file: 'sys_ifeval.jsonl',
        keys: ['instruction_id_list', 'kwargs', 'messages'],
        read: readSystemIfeval,
      },
      {
        file: 'handwritten.jsonl',
        keys: ['guardrails', 'messages'],
        without: ['distractor_task'],
        read: readHandwritten,
      },
      { file: 'distractors.jsonl', keys: ['distractor_task', 'messages'], read: readDistractors },
    ],
  },
  structflowbench: {
    title: 'StructFlowBench (Li et al. 2025, arXiv 2502.14494)',
    address: 'https://github.com/MLGroupJLU/StructFlowBench',
    licence: 'MIT, Copyright (c) 2025 MLGroupJLU',
    kinds: [{ file: 'StructFlowBench.json', keys: ['whole_conv', 'conv_task'], read: readStructFlow }],
  },
  'lost-in-conversation': {
    title: 'Lost in Conversation (Laban et al. 2025, arXiv 2505.06120)',
    address: 'https://github.com/microsoft/lost_in_conversation',
    licence: 'MIT, Copyright (c) Microsoft Corporation',
    kinds: [{ file: 'sharded_instructions_600.json', keys: ['task_id', 'shards'], read: readSharded }],
  },
} as const satisfies Record<string, Format>;

/** The name of a published collection. */
export type FormatName = keyof typeof FORMATS;

/** Returns the names of all published collections that can be imported. */
export const IMPORT_FORMATS: readonly FormatName[] = Object.keys(FORMATS) as FormatName[];
