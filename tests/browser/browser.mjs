// A real Chromium with cameras and microphones that are made up, and people who use the demo page in it.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const PATIENCE_MS = 30_000;  // what has not come by then will not come
const ARTIFACTS = fileURLToPath(new URL('../artifacts/', import.meta.url));

export const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
    '--use-fake-device-for-media-stream=fps=10', '--use-fake-ui-for-media-stream', '--disable-background-networking', '--disable-component-update',
    '--disable-default-apps', '--disable-sync', '--no-first-run', '--mute-audio', '--disable-dev-shm-usage',
    // Loopback has no multicast DNS that would resolve hidden addresses.
    '--disable-features=WebRtcHideLocalIpsWithMdns',
  ],
});

export const closeBrowser = () => browser.close();
/** So that nobody of a test that failed answers in the next one. */
export const closePages = () => Promise.all(browser.contexts().map((context) => context.close()));

const problems = [];

/** What pages complained of since the last call: uncaught errors, and whatever their content security policy forbade. */
export function takeProblems() { return problems.splice(0); }

export async function newPage({ size = 'desktop', theme = 'light' } = {}) {
  const phone = size === 'phone';
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme: theme, isMobile: phone, hasTouch: phone, locale: 'en-GB' });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
  });
  return page;
}

/** Somebody at the demo page, on a device of its own. */
export class Person {
  constructor(page, server, user) { Object.assign(this, { page, server, user }); }

  static async arrive(server, user, options) {
    const person = new Person(options?.page ?? await newPage(options), server, user);
    await person.page.goto(`${server.url}/?user=${user}${options?.device ? `&device=${options.device}` : ''}`);
    await person.isOnline();
    return person;
  }

  isOnline() { return this.page.locator('#link-state[data-state=online]').waitFor(); }
  call(peer, way = 'with video') { return this.page.locator('#people').getByRole('button', { name: `Call ${peer} ${way}` }).click(); }
  button(action) { return this.page.locator(`#call button[data-action=${action}]`); }
  press(action) { return this.button(action).click(); }
  /** Waits until the call is in this state on the screen. */
  sees(state) { return this.page.locator(`#call[open][data-state=${state}]`).waitFor(); }
  async rings() { await this.sees('incoming'); }
  async isTold(sentence) { await this.page.locator('#call-state', { hasText: exactly(sentence) }).waitFor(); }
  async isWarned(sentence) { await this.page.locator('#call-warning', { hasText: exactly(sentence) }).waitFor(); }

  /** The place of one person in a call of several. */
  tile(user, more = '') { return this.page.locator(`#call-tiles .tile[data-user=${user}]${more}`); }
  async seesTile(user, text) { await this.tile(user).getByText(text, { exact: true }).waitFor(); }
  seesPictureOf(user) { return this.tile(user, '[data-picture=theirs]').waitFor(); }
  async callTogether(users, { mode, way = 'with video' } = {}) {
    for (const user of users) await this.page.locator(`#people li[data-user=${user}]`).waitFor();
    await this.page.getByRole('button', { name: 'Call several' }).click();
    for (const user of users) await this.page.getByRole('checkbox', { name: user }).check();
    if (mode) await this.page.getByRole('radio', { name: mode }).check();
    await this.page.getByRole('button', { name: `Call those chosen ${way}` }).click();
  }

  /** Waits until so many pictures of the other side have been shown. */
  async seesPictures(count) {
    await this.page.waitForFunction((least) => document.getElementById('call-remote').getVideoPlaybackQuality().totalVideoFrames >= least, count);
  }

  /** (direction, outcome, sentence) of the newest past call, as soon as there are `count` of them. */
  async newestPastCall(count = 1) {
    const rows = this.page.locator('#history li');
    await rows.nth(count - 1).waitFor({ state: 'attached' });
    return rows.first().evaluate((row) => [row.dataset.direction, row.dataset.outcome, row.querySelector('.row-more').lastChild.textContent]);
  }

  async picture(name) {
    mkdirSync(ARTIFACTS, { recursive: true });
    await this.page.screenshot({ path: `${ARTIFACTS}${name}.png` });
  }

  /** The page is gone in an instant: it can say nothing any more. */
  async crash() {
    const crashed = this.page.waitForEvent('crash');
    this.page.goto('chrome://crash').catch(() => {});
    await crashed;
  }

  leave() { return this.page.context().close(); }
}

const exactly = (sentence) => new RegExp(`^${sentence.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);

/** Two people who see each other. */
export async function aliceAndBob(server, options = {}) {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((user) => Person.arrive(server, user, options)));
  await alice.page.locator('#people li[data-user=bob]').waitFor();
  await bob.page.locator('#people li[data-user=alice]').waitFor();
  return { alice, bob };
}

export async function inCall(server, { way, ...options } = {}) {
  const { alice, bob } = await aliceAndBob(server, options);
  await alice.call('bob', way);
  await bob.rings();
  await bob.press('answer');
  await Promise.all([alice.sees('active'), bob.sees('active')]);
  return { alice, bob };
}

/** Nothing has to be scrolled sideways, and every visible button is whole on the screen and wide enough for a thumb. */
export async function fits(page) {
  const report = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const open = document.querySelector('dialog[open]');
    const buttons = [...(open ?? document).querySelectorAll('button')].filter((button) => button.checkVisibility());
    const bad = buttons.filter((button) => {
      const { left, right, top, bottom, width: across, height } = button.getBoundingClientRect();
      const inside = left >= 0 && right <= width && (!open || (top >= 0 && bottom <= innerHeight));
      return !inside || across < 44 || height < 44;
    });
    return { scrolls: document.documentElement.scrollWidth > width, bad: bad.map((button) => button.outerHTML), buttons: buttons.length };
  });
  assert.deepEqual({ scrolls: report.scrolls, bad: report.bad }, { scrolls: false, bad: [] });
  assert.ok(report.buttons > 0);
}
