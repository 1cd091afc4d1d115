// The operator's console in a real browser, against the real server.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { mkdirSync } from 'node:fs';
import { randomBytes, scryptSync } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, devKey, devSecret, makeFolder, makeToken, rest, ring, startProgram, startServer, talk, writeConfig } from '../integration/harness.mjs';
import { closeBrowser, closePages, fits, newPage, takeProblems } from './browser.mjs';

const ARTIFACTS = fileURLToPath(new URL('../artifacts/', import.meta.url));
const evil = '<img src=x onerror="document.title=\'hacked\'"><b>eve</b>';

// A receiver of webhooks that fails until it is mended.
const receiver = { works: false, got: [] };
const hooks = createServer((request, response) => {
  let body = '';
  request.on('data', (bytes) => { body += bytes; });
  request.on('end', () => {
    if (receiver.works) receiver.got.push(JSON.parse(body));
    response.writeHead(receiver.works ? 200 : 410).end();
  });
});

let server;
before(async () => {
  await new Promise((resolve) => hooks.listen(0, '127.0.0.1', resolve));
  server = await startServer(`[webhooks]\nallow = ["127.0.0.1"]\n[[project]]\nkey = "${devKey}"\nsecret = "${devSecret}"\n` +
    `[[project.webhook]]\nname = "crm"\nurl = "http://127.0.0.1:${hooks.address().port}/"\nsecrets = ["whsec_${randomBytes(24).toString('base64')}"]\nevents = ["call.ended"]\n`);
});
after(async () => {
  await closeBrowser();
  await server.stop();
  hooks.close();
});
afterEach(closePages);
afterEach(() => assert.deepEqual(takeProblems(), []));

async function open(place = '', { at = server, password = 'offhook', ...options } = {}) {
  const page = await newPage(options);
  await page.goto(`${at.url}/console#/${place}`);
  await signIn(page, password);
  await page.locator('#link-state[data-state=live]').waitFor();
  return page;
}

async function signIn(page, password = 'offhook') {
  await page.getByLabel('Name').fill('operator');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
}

async function picture(page, name) {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: `${ARTIFACTS}${name}.png`, fullPage: true });
}

const row = (page, key) => page.locator(`tr[data-key="${key}"]`).first();

test('off by default: the address says how to turn it on', async () => {
  const off = await startProgram(['--listen', '127.0.0.1:0', '--data', ':memory:', '--config', writeConfig('[[project]]\nkey = "7"\nsecret = "0123456789abcdef"\n')]);
  const page = await newPage();
  const answer = await page.goto(`${off.url}/console`);
  assert.equal(answer.status(), 404);
  await page.getByText('offhookd --hash-password').waitFor();
  await off.stop();
});

test('a wrong password is refused, a right one opens, and signing out closes', async () => {
  const page = await newPage();
  await page.goto(`${server.url}/console`);
  await signIn(page, 'wrong');
  await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'sign-in-password');
  await page.keyboard.type('offhook');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script sees the cookie');
  assert.ok(!(await page.content()).includes(devSecret));
  await page.reload();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You have signed out.').waitFor();
  await page.reload();
  await page.getByLabel('Password').waitFor();
});

// A server of its own for what must not disturb the others: attempts are counted, sessions are short, it is started again.
const cheapHash = (text, salt = Buffer.alloc(16, 7)) => `scrypt$10$8$1$${salt.toString('hex')}$${scryptSync(text, salt, 32, { N: 1024, r: 8, p: 1 }).toString('hex')}`;
const earnest = (more, port = 0, data = makeFolder()) => startProgram(['--listen', `127.0.0.1:${port}`, '--data', data, '--config',
  writeConfig(`[[project]]\nkey = "${devKey}"\nsecret = "not-the-known-one-0"\n[console]\npassword_hash = "${cheapHash('correct horse')}"\n${more}`)], 'ignore');

test('a session that is over says so, and too many attempts have to wait', async () => {
  const strict = await earnest('session_lifetime = "5s"\n');
  const page = await open('', { at: strict, password: 'correct horse' });
  await page.getByText('the session is over').waitFor();
  for (let i = 0; i < 5; ++i) {
    await page.getByLabel('Password').fill(`wrong ${i}`);
    await Promise.all([page.waitForResponse((answer) => answer.url().endsWith('/console/login')), page.keyboard.press('Enter')]);
    await page.locator('#sign-in-submit:enabled').waitFor();
  }
  await signIn(page, 'correct horse');
  await page.getByText(/Too many attempts from your address. Try again in \d+ s./).waitFor();
  await strict.stop();
});

test('a restart of the server: the page says so, comes back by itself, and nobody has to sign in again', async () => {
  const data = makeFolder();
  const first = await earnest('', 0, data);
  const page = await open('calls', { at: first, password: 'correct horse' });
  await first.stop();
  await page.locator('#link-state[data-state=gone]').getByText('cannot be reached').waitFor();
  const second = await earnest('', first.port, data);
  await page.locator('#link-state[data-state=live]').waitFor();
  await page.locator('#notice').getByText('The server').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Calls', exact: true }).count(), 1);
  await second.stop();
});

test('a live call appears by itself, is ended after a question, and its time line is a picture', async () => {
  const page = await open('calls');
  const { caller, callee, call_id } = await talk(server);
  const live = page.getByRole('table', { name: 'Live calls' });
  await live.locator(`tr[data-key="${call_id}"]`).getByText('they talk').waitFor();
  await live.locator(`tr[data-key="${call_id}"]`).getByText(/^since /).waitFor();
  await live.locator(`tr[data-key="${call_id}"] a.id`).click();
  await page.getByLabel('Why').getByText('The call is live: they talk.').waitFor();
  const told = caller.nextEnd();
  await page.getByRole('button', { name: 'End the call' }).click();
  const dialog = page.getByRole('dialog', { name: 'End this call?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'End the call' }).click();
  await dialog.getByRole('button', { name: 'End the call' }).click();
  assert.equal((await told).reason, 'by_api');
  await page.getByText("The app's backend or the operator ended the call").waitFor();
  const lanes = await page.locator('.lane-name strong').allTextContents();
  assert.deepEqual(lanes, [caller.user, 'Server', callee.user, 'Webhooks']);
  assert.equal(await page.locator('.spot.decides').count(), 1);
  assert.match(await page.locator('.spot.decides').getAttribute('aria-label'), /the call ends: ended \(by_api\)/);
  const { entries } = (await rest(server, `/v1/calls/${call_id}/timeline`)).body;
  assert.equal(await page.getByRole('table', { name: 'Events of the call' }).locator('tbody tr').count(), await page.locator('.spot').count());
  assert.ok(await page.locator('.spot').count() >= entries.length);
  const ticks = await page.locator('.tick').allTextContents();
  assert.deepEqual(ticks, [...new Set(ticks)], 'each moment once');
  await picture(page, 'console-call-desktop');
});

test('the picture goes by keyboard: one stop, arrows from event to event, the table follows', async () => {
  const { callee, call_id } = await ring(server);
  await callee.ask('decline', { call_id, reason: 'declined' });
  const page = await open(`calls/${call_id}`, { theme: 'dark' });
  await page.getByLabel('Why').getByText('declined').waitFor();
  const chosen = page.locator('.spot[aria-selected=true]');
  await page.locator('.spot[tabindex="0"]').focus();
  assert.equal(await page.locator('.spot[tabindex="0"]').count(), 1);
  await page.keyboard.press('Home');
  assert.match(await chosen.getAttribute('aria-label'), /places the call/);
  await page.keyboard.press('ArrowRight');
  const second = await chosen.getAttribute('aria-label');
  assert.equal(await page.locator('tr.chosen').getAttribute('data-key'), '1');
  assert.ok(second.endsWith(await page.locator('.spot-detail').evaluate((detail) => detail.lastChild.textContent)));
  await page.getByRole('button', { name: /show in the picture/ }).first().click();
  assert.match(await chosen.getAttribute('aria-label'), /places the call/);
  await page.locator('body').press('Tab');
  await picture(page, 'console-call-dark');
});

test('a search by user, outcome and id; a call that is not there', async () => {
  const { caller, callee, call_id } = await ring(server);
  await callee.ask('decline', { call_id, reason: 'declined' });
  const page = await open('calls');
  const search = async (text) => {
    await page.getByLabel('User or call id').fill(text);
    await page.keyboard.press('Enter');
  };
  await search(caller.user);
  await page.getByRole('heading', { name: 'Found' }).waitFor();
  await row(page, call_id).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 1);
  await page.getByLabel('Reason').selectOption('timeout');
  await page.getByText('No call is like that.').waitFor();
  await search(call_id);
  await page.getByRole('heading', { name: `${caller.user} → ${callee.user}` }).waitFor();
  await page.goto(`${server.url}/console#/calls/call_${'0'.repeat(26)}`);
  await page.getByRole('heading', { name: 'No such call' }).waitFor();
});

test('longer lists go on page by page', async () => {
  const people = await Promise.all(Array.from({ length: 30 }, (_, number) => connect(server, `many-${String(number).padStart(2, '0')}`)));
  const page = await open('users?prefix=many-');
  await row(page, 'many-24').waitFor();
  assert.equal(await page.locator('tr[data-key^="many-"]').count(), 25);
  await page.getByRole('button', { name: 'Show more' }).click();
  await row(page, 'many-29').waitFor();
  assert.equal(await page.locator('tr[data-key^="many-"]').count(), 30);
  for (const { socket } of people) socket.close();
});

test('a device is disconnected after a question, and somebody is sent out of a session', async () => {
  const { caller, callee, session_id } = await talk(server);
  const page = await open(`users?prefix=${caller.user}`);
  await page.getByRole('button', { name: `Disconnect ${caller.device} of ${caller.user}`, exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
  assert.equal(await caller.whenClosed, 4001);
  await page.getByText('has been disconnected').waitFor();
  await page.goto(`${server.url}/console#/sessions/${session_id}`);
  const out = callee.next((message) => message.type === 'session_disconnected');
  await page.getByRole('button', { name: `Send away ${callee.user}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Send away' }).click();
  assert.equal((await out).reason, 'force_disconnected');
  await page.getByText('Nobody is in this session.').waitFor();
});

test('a dead letter leads to its call and is sent again', async () => {
  receiver.works = false;
  const { callee, call_id } = await ring(server);
  await callee.ask('decline', { call_id, reason: 'declined' });
  const page = await open('webhooks?state=');
  const letter = page.locator('tr', { has: page.locator(`a[href="#/calls/${call_id}"]`) });
  await letter.waitFor();
  await page.getByText('disabled: it answered 410').waitFor();
  await picture(page, 'console-webhooks-desktop');
  await letter.locator('a').click();
  await page.locator('.spot.webhook').waitFor();
  receiver.works = true;
  await page.getByRole('button', { name: /^Replay event \d+, call.ended$/ }).click();
  await page.getByText('Everything about this call has been delivered').waitFor();
  assert.ok(receiver.got.some((event) => JSON.stringify(event).includes(call_id)));
});

test('what users call themselves is text, wherever it is shown', async () => {
  const eve = await connect(server, evil, 'eve-device');
  const mallory = await connect(server, '"><script>document.title="hacked"</script>', 'm');
  const incoming = eve.nextCall(() => true);
  const { call } = await mallory.ask('invite', { to: evil, media: 'none', data: evil });
  await incoming;
  const { session_id } = (await rest(server, '/v1/sessions', { method: 'POST' })).body;
  await eve.ask('session_connect', { session_id, token: makeToken({ session: session_id, data: evil }) });
  const page = await open('users');
  for (const place of ['users', 'calls', `calls/${call.call_id}`, `sessions/${session_id}`, `calls?user=${encodeURIComponent(evil)}`, `users?prefix=${encodeURIComponent(evil)}`, '']) {
    await page.goto(`${server.url}/console#/${place}`);
    await page.locator('#view').getByText('onerror').first().waitFor();
    assert.equal(await page.locator('#view img, #view b, #view script').count(), 0, place);
    assert.match(await page.title(), /Offhook console$/);
  }
  await page.goto(`${server.url}/console#/calls/${encodeURIComponent(evil)}`);
  await page.getByRole('heading', { name: 'No such call' }).waitFor();
  assert.match(await page.title(), /Offhook console$/);
});

test('nothing is asked of anybody but this server, and a script of somebody else does not run', async () => {
  const page = await newPage();
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).origin));
  await page.goto(`${server.url}/console`);
  await signIn(page);
  await page.locator('#link-state[data-state=live]').waitFor();
  assert.deepEqual([...new Set(asked)], [server.url]);
  const made = await page.evaluate(() => {
    try {
      document.getElementById('view').innerHTML = '<img src=x>';
      return 'markup';
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(made, 'TypeError', 'text becomes no markup');
  assert.ok(takeProblems().every((problem) => /TrustedHTML/.test(problem)));
});

test('every view fits a phone, in the dark as well, and the settings are there', async () => {
  const { call_id } = await talk(server);
  for (const theme of ['light', 'dark']) {
    const page = await open('', { size: 'phone', theme });
    for (const place of ['', 'calls', `calls/${call_id}`, 'users', 'sessions', 'webhooks', 'settings']) {
      await page.goto(`${server.url}/console#/${place}`);
      await page.locator('#view .panel :is(td, dd, .empty)').first().waitFor();
      await fits(page);
    }
    await page.getByText('ring_timeout').waitFor();
    await page.getByText('45 s').first().waitFor();
    await page.goto(`${server.url}/console#/calls/${call_id}`);
    await page.locator('.spot').first().waitFor();
    await picture(page, `console-call-phone-${theme}`);
  }
});
