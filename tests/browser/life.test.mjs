// The rest of the life of a call between demo pages: several people, several devices, several calls, and what is said afterwards.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startServer } from '../integration/harness.mjs';
import { aliceAndBob, closeBrowser, closePages, fits, inCall, Person, takeProblems } from './browser.mjs';

let server;
before(async () => { server = await startServer('[timers]\nunstable_after = "1s"\ndrop_grace = "20s"\n'); });
after(async () => {
  await closeBrowser();
  await server.stop();
});
afterEach(closePages);
afterEach(() => assert.deepEqual(takeProblems(), []));

const arrive = (user, options) => Person.arrive(server, user, options);
const camerasOf = ({ page }) => page.evaluate(() => [...document.querySelectorAll('video')].flatMap(({ srcObject }) => srcObject?.getTracks() ?? [])
  .filter(({ readyState }) => readyState === 'live').length);

// --- several people

test('three in a video call: everybody sees everybody, one goes and two go on', async () => {
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((user) => arrive(user)));
  await alice.callTogether(['bob', 'carol']);
  await Promise.all([bob.rings(), carol.rings()]);
  await alice.seesTile('carol', 'Ringing…');
  await alice.picture('group-ringing-desktop');
  await bob.picture('group-incoming-desktop');
  await bob.press('answer');
  await Promise.all([alice.seesPictureOf('bob'), bob.seesPictureOf('alice')]);
  await carol.press('answer');
  await Promise.all([alice, bob, carol].flatMap((person) =>
    ['alice', 'bob', 'carol'].filter((user) => user !== person.user).map((user) => person.seesPictureOf(user))));
  assert.equal(await alice.page.locator('#call-peer').textContent(), 'bob and carol');
  await fits(alice.page);
  await Promise.all([alice.picture('group-in-call-caller-desktop'), carol.picture('group-in-call-callee-desktop')]);
  await carol.press('hangup');
  await carol.isTold('You hung up.');
  await Promise.all([alice.seesTile('carol', 'Has left'), bob.seesTile('carol', 'Has left')]);
  await Promise.all([alice.seesPictureOf('bob'), bob.seesPictureOf('alice')]);
  await alice.picture('group-one-has-left-desktop');
  await alice.press('hangup');
  await bob.isTold('alice hung up.');
});

test('whoever answers first: the others are told, and what became of each is said', async () => {
  const phone = { size: 'phone', theme: 'dark' };
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((user) => arrive(user, phone)));
  await alice.callTogether(['bob', 'carol'], { mode: 'Whoever answers first', way: 'with sound' });
  await Promise.all([bob.rings(), carol.rings()]);
  await alice.seesTile('bob', 'Ringing…');
  await fits(alice.page);
  await alice.picture('group-ringing-phone-dark');
  await carol.press('answer');
  await Promise.all([alice.sees('active'), carol.sees('active'), bob.isTold('Somebody else answered alice.')]);
  assert.equal(await alice.page.locator('#call-peer').textContent(), 'carol');
  await alice.press('hangup');
  await carol.isTold('alice hung up.');
  await Promise.all([alice, bob, carol].map((person) => person.press('close')));
  await alice.callTogether(['bob', 'carol'], { mode: 'Everybody who answers', way: 'with sound' });
  await Promise.all([bob.rings(), carol.rings()]);
  await Promise.all([bob.press('decline'), carol.press('busy')]);
  await alice.isTold('Nobody answered.');
  await Promise.all([alice.seesTile('bob', 'Declined'), alice.seesTile('carol', 'Busy')]);
  await fits(alice.page);
  await alice.picture('group-nobody-answered-phone-dark');
});

test('somebody is called into a call of two', async () => {
  const { alice, bob } = await inCall(server);
  const carol = await arrive('carol');
  await bob.press('add');
  const form = bob.page.locator('#add');
  await form.getByRole('checkbox', { name: 'carol' }).check();
  await bob.picture('add-people-desktop');
  await fits(bob.page);
  await form.getByRole('button', { name: 'Call them in' }).click();
  await form.waitFor({ state: 'hidden' });
  await carol.rings();
  await bob.seesTile('carol', 'Ringing…');
  await carol.press('answer');
  await Promise.all([alice.seesPictureOf('carol'), bob.seesPictureOf('carol'), carol.seesPictureOf('alice'), carol.seesPictureOf('bob')]);
  await alice.press('hangup');
  await Promise.all([bob, carol].map((person) => person.sees('ended')));
});

// --- several devices

test('a call goes from one device to another, camera and microphone are let go, and it can be taken back', async () => {
  const { alice, bob } = await inCall(server);
  const phone = await arrive('bob', { size: 'phone', device: 'My-phone' });
  const offer = phone.page.locator('#elsewhere');
  await offer.getByText('You are in a call with alice').waitFor();
  await fits(phone.page);
  await phone.picture('elsewhere-phone');
  await offer.getByRole('button', { name: 'Take the call with alice to this device' }).click();
  await phone.sees('active');
  await phone.seesPictures(10);
  await bob.isTold('The call goes on on another device of yours.');
  assert.equal(await camerasOf(bob), 0);
  await bob.picture('moved-elsewhere-desktop');
  await alice.sees('active');
  const before = await alice.page.evaluate(() => document.getElementById('call-remote').getVideoPlaybackQuality().totalVideoFrames);
  await alice.seesPictures(before + 10);
  await bob.press('take');
  await bob.sees('active');
  await phone.isTold('The call goes on on another device of yours.');
  assert.equal(await camerasOf(phone), 0);
  await alice.press('hangup');
  await bob.isTold('alice hung up.');
  await offer.getByRole('button').waitFor({ state: 'detached' });
});

// --- several calls

test('a second call: the first one is put on hold, and is there again afterwards', async () => {
  const { alice, bob } = await inCall(server, { way: 'with sound' });
  const carol = await arrive('carol');
  await carol.call('bob', 'with sound');
  await bob.page.locator('#waiting-text', { hasText: 'carol is calling as well (audio call).' }).waitFor();
  await fits(bob.page);
  await bob.picture('second-call-desktop');
  await bob.page.getByRole('button', { name: 'Hold and answer' }).click();
  await Promise.all([carol.sees('active'), bob.sees('active')]);
  assert.equal(await bob.page.locator('#call-peer').textContent(), 'carol');
  await bob.page.getByText('alice is on hold.').waitFor();
  await alice.page.locator('#call-detail', { hasText: 'bob is muted' }).waitFor();
  await bob.picture('on-hold-desktop');
  await bob.page.getByRole('button', { name: 'Switch to it' }).click();
  await bob.page.getByText('carol is on hold.').waitFor();
  await alice.page.locator('#call-detail', { hasText: 'bob is muted' }).waitFor({ state: 'hidden' });
  await alice.press('hangup');
  await bob.page.locator('#call-peer', { hasText: 'carol' }).waitFor();
  await bob.page.locator('#call-aside', { hasText: 'alice hung up.' }).waitFor();
  await bob.page.locator('#held').waitFor({ state: 'hidden' });
  await bob.press('hangup');
  await carol.isTold('bob hung up.');
});

// --- afterwards

test('do not disturb and blocking: nothing rings, both sides are told, the missed call is listed', async () => {
  const { alice, bob } = await aliceAndBob(server);
  await bob.page.getByRole('button', { name: 'Settings' }).click();
  const settings = bob.page.getByRole('dialog', { name: 'Settings' });
  await settings.getByRole('switch', { name: /Do not disturb/ }).check();
  await settings.getByLabel('Name of somebody to block').fill('mallory');
  await settings.getByRole('button', { name: 'Block' }).click();
  await settings.getByText('mallory').waitFor();
  await fits(bob.page);
  await bob.picture('settings-desktop');
  await settings.getByRole('button', { name: 'Close the settings' }).click();
  await alice.call('bob', 'with sound');
  await alice.isTold('bob does not want to be disturbed.');
  await bob.page.locator('#notice-text', { hasText: 'You did not want to be disturbed.' }).waitFor();
  await bob.page.getByRole('button', { name: 'Missed (1)' }).click();
  await bob.picture('missed-calls-desktop');
  await bob.page.locator('#dnd').getByRole('button', { name: 'Turn it off' }).click();
  await bob.page.locator('#dnd').waitFor({ state: 'hidden' });
  await bob.page.getByRole('button', { name: 'Call back' }).click();
  await alice.sees('incoming');
  await bob.press('cancel');
});

test('a page that crashed in a call says afterwards what became of it', async () => {
  const alice = await arrive('alice');
  const bob = await arrive('bob', { device: 'desk' });
  await alice.call('bob', 'without media');
  await bob.rings();
  await bob.press('answer');
  await Promise.all([alice.sees('active'), bob.sees('active')]);
  const context = bob.page.context();
  await bob.crash();
  await alice.isWarned("bob's connection is unstable…");
  await alice.page.locator('#call-warning-since', { hasText: /^[1-9]\d* s$/ }).waitFor();
  await alice.picture('unstable-desktop');
  await alice.press('hangup');
  const again = await arrive('bob', { device: 'desk', page: await context.newPage() });
  await again.page.locator('#notice-text', { hasText: 'While this page was away: alice hung up.' }).waitFor();
  await again.picture('while-away-desktop');
  await again.page.reload();
  await again.isOnline();
  assert.equal(await again.page.locator('#notice').isVisible(), false);
});
