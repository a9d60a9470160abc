// Takes the pictures of the studio in docs/guide/studio, with the embedded model.
//
//     npm run build && node scripts/studio-pictures.mjs [STUDY]
//
// STUDY is the folder of a study that is not finished, for the picture of one; without it, that picture stays as it is.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const [study] = process.argv.slice(2);
const inRepository = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const server = spawn(process.execPath, [
  inRepository('dist/cli/main.js'),
  ...['studio', '--no-open', '--port', '0', '--threads', '1'],
  ...(study === undefined ? [] : ['--studies', study]),
]);
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const address = (await lines.next()).value.replace('listening on ', '');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(120_000);
  const take = (name) => page.screenshot({ path: inRepository(`docs/guide/studio/${name}.png`) });
  const tab = (name) => page.getByRole('tab', { name }).click();
  const top = () => page.evaluate(() => scrollTo(0, 0));
  await page.goto(address);
  await page.locator('button.primary[type=submit]:enabled').waitFor();
  await page.getByLabel('Runs on').waitFor();
  await take('opened');
  await page.getByRole('button', { name: /Play an example/ }).click();
  await page.locator('.round').nth(9).waitFor();
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
  await top();
  // A turn in which the untouched answer breaks the system prompt and the held one keeps it, if there is one.
  const texts = (side) => page.locator(`.answer.${side} .text`).allTextContents();
  const keeps = (text) => /captain/i.test(text) && /quartz\W*$/.test(text);
  const [untouched, held] = [await texts('untouched'), await texts('held')];
  const apart = held.findIndex((text, index) => keeps(text) && !keeps(untouched[index]));
  console.log(apart === -1 ? 'no answers part' : `the answers part in turn ${apart + 1}`);
  if (apart > 0)
    await page
      .locator('.round')
      .nth(apart)
      .evaluate((round) => scrollTo(0, round.offsetTop - 220));
  await take('answering');
  await top();
  await tab('One word');
  await page.locator('.answer.held .token').nth(3).hover();
  await page.locator('.token-panel').waitFor();
  await take('hover');
  // The word of this answer whose distribution the hold changes most.
  const answer = page.locator('.answer.held').nth(Math.max(0, apart));
  const words = answer.locator('.token');
  await words.first().click();
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.locator('.compared').waitFor();
  const costs = [];
  for (const word of await words.all()) {
    await word.click();
    const text = await page.locator('.compared .quiet').textContent();
    costs.push(Number(/([\d.e-]+) nats/.exec(text)[1]));
  }
  await words.nth(costs.indexOf(Math.max(...costs))).click();
  await answer.evaluate((element) => element.scrollIntoView({ block: 'center' }));
  await take('one-word');
  await tab('Heads');
  await take('heads');
  await tab('Course');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.mouse.move(5, 790);
  await take('course');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 400, height: 800 });
  await top();
  await take('narrow');
  await page.setViewportSize({ width: 1280, height: 800 });
  const files = [];
  page.on('download', async (download) => files.push(await download.path()));
  await page.getByText('Save', { exact: true }).click();
  await page.getByRole('button', { name: /Dialogue and settings/ }).click();
  while (files.length < 2) await page.waitForTimeout(50);
  await page.getByRole('button', { name: 'New' }).click();
  await page.getByLabel('Open', { exact: true }).setInputFiles(files);
  // The answers of the file are measured again, from the first on.
  await page.locator('.answer.held .strip').nth(3).waitFor();
  await page.evaluate(() => scrollTo(0, 450));
  await take('opened-file');
  if (study !== undefined) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole('link', { name: 'Studies' }).click();
    await page.locator('.study-dialogues .answer.held .text').first().waitFor();
    await page.getByText('reading the folder').waitFor({ state: 'detached' });
    await take('study');
    const dialogues = page.locator('.study-dialogues');
    await dialogues.locator('.answer.held .text').first().waitFor();
    await dialogues.evaluate((section) => section.scrollIntoView());
    await take('study-dialogue');
  }
} finally {
  await browser.close();
  server.kill();
}
