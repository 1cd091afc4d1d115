// The pages themselves: signing in, sizes, keyboard, sound, and the library on pages of others.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { startProgram, startServer, writeConfig } from '../integration/harness.mjs';
import { aliceAndBob, closeBrowser, closePages, fits, inCall, newPage, Person, takeProblems } from './browser.mjs';

let server;
before(async () => { server = await startServer(); });
after(async () => {
  await closeBrowser();
  await server.stop();
});
afterEach(closePages);
afterEach(() => assert.deepEqual(takeProblems(), []));

test('a name is asked for, and offered again the next time', async () => {
  const page = await newPage();
  await page.goto(server.url);
  await page.getByLabel('Your name').fill('dora');
  await page.keyboard.press('Enter');
  await page.locator('#link-state[data-state=online]').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('user'), 'dora');
  await page.goto(server.url);
  await page.waitForFunction(() => document.getElementById('sign-in-name').value === 'dora');
  await page.context().close();
});

test('every tab is a device of its own, and stays it when reloaded; a duplicated tab gets another', async () => {
  const first = await Person.arrive(server, 'erin');
  const device = (page) => page.evaluate(() => sessionStorage.getItem('offhook.device'));
  const before = await device(first.page);
  await first.page.reload();
  await first.isOnline();
  assert.equal(await device(first.page), before);
  const second = await first.page.context().newPage();
  await second.addInitScript((value) => sessionStorage.setItem('offhook.device', value), before);
  await second.goto(`${server.url}/?user=erin`);
  await second.locator('#link-state[data-state=online]').waitFor();
  assert.notEqual(await device(second), before);
  assert.equal(await first.page.locator('#link-state').textContent(), 'Online');
  await first.leave();
});

test('the same device in another window: the first one says so and offers to take it back', async () => {
  const page = await newPage();
  await page.goto(`${server.url}/?user=fred&device=desk`);
  await page.locator('#link-state[data-state=online]').waitFor();
  const other = await newPage();
  await other.goto(`${server.url}/?user=fred&device=desk`);
  await page.getByText('in use in another tab or window').waitFor();
  await page.getByRole('button', { name: 'Connect here' }).click();
  await page.locator('#link-state[data-state=online]').waitFor();
  await Promise.all([page.context().close(), other.context().close()]);
});

test('without development mode the page says why nobody can sign in', async () => {
  const earnest = await startProgram(['--listen', '127.0.0.1:0', '--data', ':memory:', '--config', writeConfig('[[project]]\nkey = "7"\nsecret = "0123456789abcdef"\n')]);
  const page = await newPage();
  for (const path of ['/', '/?user=alice']) {
    await page.goto(earnest.url + path);
    await page.getByText('gives no tokens to web pages').waitFor();
  }
  await page.context().close();
  await earnest.stop();
});

// Chromium counts whatever the test looks up in a page as a touch, so the rule of browsers is put back by hand: silent until a real one.
function holdSoundBack() {
  let touched = false;
  addEventListener('pointerdown', (event) => { touched ||= event.isTrusted; }, { capture: true });
  window.AudioContext = class extends AudioContext {
    #runs = false;
    get state() { return this.#runs ? 'running' : 'suspended'; }
    async resume() {
      this.#runs ||= touched;
      this.dispatchEvent(new Event('statechange'));
    }
  };
}

test('without a touch nothing may sound: the page says so while it rings', async () => {
  const { alice, bob } = await aliceAndBob(server);
  await bob.page.addInitScript(holdSoundBack);
  await bob.page.reload();
  await bob.isOnline();
  await alice.call('bob');
  await bob.rings();
  const hint = bob.page.locator('#sound-hint');
  await hint.waitFor();
  await bob.page.locator('#call-peer').click();
  await hint.waitFor({ state: 'hidden' });
  await Promise.all([alice.leave(), bob.leave()]);
});

test('a phone: nothing scrolls sideways, every button is in reach, in every state of a call', async () => {
  const phone = { size: 'phone' };
  const fresh = await newPage(phone);
  await fresh.goto(server.url);
  await fresh.locator('#sign-in').waitFor();
  await fits(fresh);
  await fresh.context().close();
  const { alice, bob } = await aliceAndBob(server, phone);
  await Promise.all([fits(alice.page), alice.picture('home-phone')]);
  await alice.call('bob');
  await Promise.all([bob.rings(), alice.sees('ringing')]);
  for (const person of [alice, bob]) await fits(person.page);
  await Promise.all([alice.picture('ringing-caller-phone'), bob.picture('ringing-callee-phone')]);
  await bob.press('answer');
  await Promise.all([alice.seesPictures(20), bob.seesPictures(20)]);
  await alice.page.locator('#call[data-picture=theirs]').waitFor();
  for (const person of [alice, bob]) await fits(person.page);
  await alice.picture('in-call-phone');
  await alice.press('hangup');
  await bob.sees('ended');
  await fits(bob.page);
  await bob.press('close');
  await bob.newestPastCall();
  await fits(bob.page);
  await Promise.all([alice.leave(), bob.leave()]);
});

test('a desktop by day and by night', async () => {
  for (const theme of ['light', 'dark']) {
    const { alice, bob } = await inCall(server, { theme, way: 'with sound' });
    await fits(alice.page);
    await alice.press('hangup');
    await bob.sees('ended');
    await bob.press('close');
    await bob.newestPastCall();
    await fits(bob.page);
    await bob.picture(`home-${theme}-desktop`);
    await Promise.all([alice.leave(), bob.leave()]);
  }
});

test('with the keyboard alone: call, answer, hang up, close', async () => {
  const { alice, bob } = await aliceAndBob(server);
  await alice.page.locator('#dial-name').focus();
  await alice.page.keyboard.type('bob');
  await alice.page.keyboard.press('Enter');
  await bob.rings();
  // Who types while it begins to ring answers nothing: no button has the focus yet.
  assert.equal(await bob.page.evaluate(() => document.activeElement.id), 'call-peer');
  const walkTo = async (person, action) => {
    for (let steps = 0; steps < 10; ++steps) {
      if (await person.page.evaluate(() => document.activeElement.dataset.action) === action) return;
      await person.page.keyboard.press('Tab');
    }
    assert.fail(`Tab does not lead to ${action}`);
  };
  await walkTo(bob, 'answer');
  await bob.page.keyboard.press('Enter');
  await Promise.all([alice.sees('active'), bob.sees('active')]);
  await bob.page.keyboard.press('Escape');
  await bob.sees('active');
  await walkTo(bob, 'hangup');
  await bob.page.keyboard.press('Space');
  await alice.isTold('bob hung up.');
  await alice.page.keyboard.press('Escape');
  await alice.page.locator('#call').waitFor({ state: 'hidden' });
  await Promise.all([alice.leave(), bob.leave()]);
});

// --- the library on a page of another origin

async function otherSite(body) {
  const site = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(`<!doctype html><title>bare</title>${body}`));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${site.address().port}`, close: () => site.close() };
}

const callBob = async ([library, url, token]) => {
  const client = new library.OffhookClient({ url, token, deviceId: 'bare' });
  await client.connect();
  const call = client.call('bob', { media: 'none' });
  call.on('active', () => { document.title = 'active'; });
  call.on('ended', () => { document.title = `${call.outcome} ${call.reason}`; });
};

for (const [form, body] of [
  ['script tag', (url) => `<script src="${url}/offhook.global.js"></script>`],
  ['ES module', (url) => `<script type="module">import * as library from '${url}/offhook.js'; window.Offhook = library;</script>`],
]) {
  test(`a bare page of another site calls with the library, by ${form}`, async () => {
    const site = await otherSite(body(server.url));
    const bob = await Person.arrive(server, 'bob');
    const page = await newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => 'Offhook' in window);
    const library = await page.evaluateHandle(() => window.Offhook);
    await page.evaluate(callBob, [library, `${server.url.replace('http', 'ws')}/v1/client`, await server.token('grace')]);
    await bob.rings();
    await bob.press('answer');
    await page.waitForFunction(() => document.title === 'active');
    await bob.press('hangup');
    await page.waitForFunction(() => document.title === 'ended by_callee');
    await Promise.all([page.context().close(), bob.leave()]);
    site.close();
  });
}
