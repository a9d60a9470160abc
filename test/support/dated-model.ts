import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const LLAMA = fileURLToPath(new URL('../fixtures/models/llama', import.meta.url));

/** A chat template that writes the date in front of the system message, as that of Llama 3.2 does. */
export const DATED_TEMPLATE = `<|im_start|>system
Today: {{ strftime_now('%d %b %Y') }}
{% if messages[0].role == 'system' %}{{ messages[0].content }}{% set messages = messages[1:] %}{% endif %}<|im_end|>
{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

/** Writes the tiny Llama with another chat template into a folder that is deleted after the test, and returns it. */
export function modelWithTemplate(template: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-dated-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(LLAMA, folder, { recursive: true });
  writeFileSync(join(folder, 'chat_template.jinja'), template);
  return folder;
}

const MOVED_CLOCK = fileURLToPath(new URL('./moved-clock.mjs', import.meta.url));

/** The environment of a process whose clock is moved by some days, in a time zone. */
export const onDay = (days: number, zone = 'UTC'): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${MOVED_CLOCK}`,
  MOVED_DAYS: String(days),
  TZ: zone,
});
