import { policyText } from '../../attention/index.js';
import {
  applyHold,
  type HoldFile,
  holdWords,
  policyChoice,
  presetFor,
  RECOMMENDED_HOLD,
  readHold,
  type SettingsOptions,
} from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { estimateText } from '../../report/index.js';
import { note } from '../terminal/index.js';
import { parseJson, readNamedText } from './read-text.js';
import type { SettingsFlags } from './settings-flags.js';

/** A hold that the command line asks for. */
export type AskedHold =
  | { readonly kind: 'recommended' }
  | { readonly kind: 'file'; readonly file: string; readonly hold: HoldFile };

/**
 * Reads the file of `--hold FILE`. Returns null without `--hold`.
 * @throws HoldfastError `E_HOLD`, `E_NOT_FOUND`, `E_UNREADABLE`
 */
export async function askedHold({ hold }: SettingsFlags): Promise<AskedHold | null> {
  if (hold === undefined) return null;
  if (hold === true) return { kind: 'recommended' };
  const json = parseJson(await readNamedText(hold));
  return { kind: 'file', file: hold, hold: readHold(json, hold) };
}

/**
 * Returns the options of a command with the settings of its hold, and says on stderr which they are. `--hold` alone takes the preset of
 * the model, which turns the policy off if nothing was shown to help, or the recommended setting if it has none.
 * @param system the system prompt; undefined if it is not known yet
 * @throws HoldfastError `E_HOLD` if the hold cannot act in this model; `E_USAGE` for a kind of cache that the file has itself
 */
export async function withHold<Options extends SettingsOptions>(
  options: Options,
  asked: AskedHold | null,
  model: Model,
  system?: string | null,
): Promise<Options> {
  if (asked === null) return options;
  const { hold: _, ...others } = options;
  if (asked.kind === 'file') {
    const { options: held, notes } = await applyHold(asked.hold, model, system);
    if (held.cache !== undefined && others.cache !== undefined) {
      throw new HoldfastError('E_USAGE', `${asked.file} has its own --cache: leave it out`);
    }
    for (const text of notes) note(`${asked.file}: ${text}`);
    if (asked.hold.verdict === 'nothing helps') {
      note(`${asked.file}: nothing was shown to help this prompt on this model, so the policy is off`);
    }
    return { ...others, ...held } as Options;
  }
  const preset = await presetFor(model);
  if (preset === null) {
    note(
      `--hold takes the recommended ${policyText(RECOMMENDED_HOLD)}. No preset of this model is known, so nothing shows that it helps here: holdfast calibrate measures it`,
    );
    return options;
  }
  const { date, verdict, model: measured } = preset;
  const does =
    verdict === 'nothing helps'
      ? 'nothing was shown to help this model, so the policy is off'
      : holdWords(preset);
  note(`--hold takes the preset of ${measured.name} (${date}): ${does}.${evidenceWords(preset)}`);
  const { options: held } = await applyHold(preset, model);
  // Where the command line names a target or heads, only the policy and its schedule are the preset's.
  const { policy, schedule } = preset.settings;
  const chosen = ['target', 'layers', 'heads'].some((name) => name in others);
  return { ...others, ...(chosen ? policyChoice(policy, schedule) : held) } as Options;
}

/** Returns what a hold was measured to gain, as a sentence after another; nothing for one without a gain. */
function evidenceWords({ verdict, evidence }: HoldFile): string {
  const { gain = null, testedOn = null, outcome, tested } = evidence ?? {};
  if (gain === null || testedOn === null) return '';
  const { dialogues, prompts } = testedOn;
  const under = verdict === 'helps' ? '' : `, under ${tested}`;
  return ` Gain in ${outcome}${under}, in ${dialogues} dialogues of ${prompts} prompts: ${estimateText(gain, { signed: true })}`;
}
