import { POLICY_RULES, parseTarget, strengthProblem } from '../../attention/index.js';
import { HoldfastError } from '../../errors.js';
import type { Moment } from '../../text/index.js';
import { type ForceFlag, type ModelOptions, policyNamed, textHint } from '../options/index.js';

/** The options of `holdfast trace`. */
export interface TraceFlags extends ModelOptions, ForceFlag {
  readonly ids?: number[];
  readonly idsFile?: string;
  readonly text?: string;
  readonly special?: true;
  readonly chat?: string;
  readonly generationPrompt?: boolean;
  readonly trustContent?: true;
  readonly now?: Moment;
  readonly target?: string;
  readonly policy?: string;
  readonly strength?: number;
  readonly strengths?: string;
  readonly chunk?: number;
  readonly attention?: 'all' | number[];
  readonly hidden?: true;
  readonly generate?: number;
  readonly tensors?: string[];
  readonly against?: string;
  readonly out?: string;
  readonly html?: string;
}

/** Checks the flags before any file is opened. */
export function checkFlags(named: string | undefined, flags: TraceFlags): void {
  const { idsFile, text, chat, target, policy, strength, strengths, tensors } = flags;
  const usage = (what: string): HoldfastError => new HoldfastError('E_USAGE', what);
  if (flags.against !== undefined) {
    const others = (
      ['out', 'html', 'force', 'policy', 'target', 'attention', 'generate', 'tensors', 'chunk'] as const
    ).filter((flag) => flags[flag] !== undefined);
    if (others.length > 0) throw usage(`--against compares an untouched run: leave out --${others[0]}`);
  }
  const inputs = inputsOf(flags).length;
  if (inputs > 1 || (inputs === 0 && flags.against === undefined)) {
    const hint = inputs === 0 ? textHint(named) : null;
    throw new HoldfastError(
      'E_USAGE',
      'give exactly one of --ids, --ids-file, --text and --chat',
      hint === null ? {} : { hint },
    );
  }
  if (strengths === '-' && (chat === '-' || idsFile === '-'))
    throw usage('only one file can be standard input');
  if (flags.special === true && text === undefined) throw usage('--special needs --text');
  const ofChat = [flags.generationPrompt, flags.trustContent, flags.now];
  if (chat === undefined && ofChat.some((flag) => flag !== undefined)) {
    throw usage('--generation-prompt, --no-generation-prompt, --trust-content and --now need --chat');
  }
  if (target !== undefined) parseTarget(target);
  const hasShares =
    (chat ?? target) !== undefined && (tensors ?? ['share']).some((name) => name.includes('share'));
  if (flags.html !== undefined && !hasShares) {
    throw usage('--html shows shares of attention: give --chat or --target, and leave shares in --tensors');
  }
  const name = policy === undefined ? 'off' : policyNamed(policy);
  const acts = name !== 'off';
  const hasStrength = strength !== undefined || strengths !== undefined;
  if (policy === undefined && hasStrength) throw usage('a strength needs a --policy that takes one');
  const problem = hasStrength ? strengthProblem(name, true) : null;
  if (problem !== null) throw usage(problem);
  const { noStrength } = POLICY_RULES[name];
  if (acts && noStrength !== null) throw usage(`the policy ${name} is for chats: ${noStrength}`);
  if (acts && !hasStrength) throw usage(`the policy ${name} needs --strength or --strengths`);
  if (acts && chat === undefined && target === undefined) {
    throw usage(`the policy ${name} needs a --target: without a dialogue there is no system prompt`);
  }
}

/** The inputs that were given. */
export const inputsOf = ({ ids, idsFile, text, chat }: TraceFlags) =>
  [ids, idsFile, text, chat].filter((input) => input !== undefined);
