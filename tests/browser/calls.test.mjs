// Calls between demo pages, through the real server.
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startServer } from '../integration/harness.mjs';
import { aliceAndBob, closeBrowser, closePages, inCall, Person, takeProblems } from './browser.mjs';

after(closeBrowser);
afterEach(() => assert.deepEqual(takeProblems(), []));

// One server and everybody's pages for one test; all gone afterwards.
function on(config, run) {
  return async () => {
    const server = await startServer(config);
    try {
      await run(server);
    } finally {
      await closePages();
      await server.stop();
    }
  };
}

test('a video call: it rings, pictures arrive on both sides, the other side is told who hung up', on('', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  await alice.call('bob');
  await bob.rings();
  assert.equal(await bob.page.locator('#call-peer').textContent(), 'alice');
  await bob.page.waitForFunction(() => document.title === '☎ alice is calling');
  await alice.sees('ringing');
  await Promise.all([alice.picture('ringing-caller-desktop'), bob.picture('ringing-callee-desktop')]);
  await bob.press('answer');
  await Promise.all([alice.seesPictures(20), bob.seesPictures(20)]);
  await Promise.all([alice.sees('active'), bob.sees('active')]);
  for (const person of [alice, bob]) {
    await person.page.locator('#call[data-picture=theirs]').waitFor();
    await person.page.locator('#call-local').waitFor();
    await person.page.locator('#call-timer', { hasText: /^0:0[1-9]$/ }).waitFor();
  }
  await bob.page.waitForFunction(() => document.title === 'Offhook');
  await Promise.all([alice.picture('in-call-caller-desktop'), bob.picture('in-call-callee-desktop')]);
  await bob.press('hangup');
  await Promise.all([alice.isTold('bob hung up.'), bob.isTold('You hung up.')]);
  await alice.picture('ended-desktop');
}));

test('mute and camera off are seen on the button and heard in the stream', on('', async (server) => {
  const { alice } = await inCall(server);
  const enabled = (kind) => alice.page.evaluate((wanted) => {
    const stream = document.getElementById('call-local').srcObject;
    return stream.getTracks().filter((track) => track.kind === wanted).some((track) => track.enabled && track.readyState === 'live');
  }, kind);
  assert.equal(await enabled('audio'), true);
  await alice.press('mute');
  await alice.page.locator('#call button[data-action=mute][aria-pressed=true]', { hasText: 'Unmute' }).waitFor();
  assert.equal(await enabled('audio'), false);
  await alice.press('mute');
  assert.equal(await enabled('audio'), true);
  await alice.press('camera');
  await alice.page.locator('#call-local').waitFor({ state: 'hidden' });
}));

test('an audio call and a call without media', on('', async (server) => {
  const { alice, bob } = await inCall(server, { way: 'with sound' });
  await alice.page.waitForFunction(() => document.getElementById('call-remote').srcObject?.getAudioTracks().length === 1);
  await alice.press('hangup');
  await bob.isTold('alice hung up.');
  await Promise.all([alice.press('close'), bob.press('close')]);
  await bob.call('alice', 'without media');
  await alice.rings();
  await alice.press('answer');
  await Promise.all([alice.isTold('Connected'), bob.isTold('Connected')]);
  assert.equal(await alice.button('mute').count(), 0);
}));

test('nobody answers: both sides are told, and the history keeps it', on('[timers]\nring_timeout = "1s"\n', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  await alice.call('bob');
  await bob.rings();
  await Promise.all([alice.isTold('bob did not answer.'), bob.isTold('You missed a call from alice.')]);
  assert.deepEqual(await alice.newestPastCall(), ['outgoing', 'no_answer', 'bob did not answer.']);
  assert.deepEqual(await bob.newestPastCall(), ['incoming', 'missed', 'You missed a call from alice.']);
}));

test('somebody who is not there: the caller is told', on('[timers]\nwake_timeout = "1s"\n', async (server) => {
  const alice = await Person.arrive(server, 'alice');
  await alice.page.locator('#dial-name').fill('carol');
  await alice.page.locator('#dial-name').press('Enter');
  await alice.isTold('carol is not online.');
}));

test('the page that rings is closed: the caller is told in the stated time', on('[timers]\nring_timeout = "2s"\n', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  const began = performance.now();
  await alice.call('bob');
  await bob.rings();
  await alice.sees('ringing');
  await bob.leave();
  await alice.sees('ended');
  assert.ok(performance.now() - began < 6000);
  const [, outcome] = await alice.newestPastCall();
  assert.ok(['no_answer', 'unreachable'].includes(outcome), outcome);
}));

test('decline', on('', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  await alice.call('bob');
  await bob.rings();
  await bob.press('decline');
  await Promise.all([alice.isTold('bob declined the call.'), bob.isTold('You declined the call.')]);
}));

test('busy', on('', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  await alice.call('bob');
  await bob.rings();
  await bob.press('busy');
  await Promise.all([alice.isTold('bob is busy.'), bob.isTold('You were busy.')]);
}));

test('the caller cancels', on('', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  await alice.call('bob');
  await bob.rings();
  await alice.press('cancel');
  await Promise.all([alice.isTold('You cancelled the call.'), bob.isTold('You missed a call from alice.')]);
}));

test('ignore: it is quiet here and goes on there', on('', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  await alice.call('bob');
  await bob.rings();
  await bob.press('ignore');
  await bob.page.locator('#call').waitFor({ state: 'hidden' });
  assert.equal(await bob.page.title(), 'Offhook');
  await alice.sees('ringing');
  await alice.press('cancel');
  assert.deepEqual(await bob.newestPastCall(), ['incoming', 'missed', 'You missed a call from alice.']);
}));

test('two devices of one user: one answers, the other is told so', on('', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  const phone = await Person.arrive(server, 'bob', { size: 'phone' });
  await alice.call('bob');
  await Promise.all([bob.rings(), phone.rings()]);
  await phone.press('answer');
  await bob.isTold('You answered on another device.');
  await Promise.all([alice.sees('active'), phone.sees('active')]);
  await phone.press('hangup');
  await alice.isTold('bob hung up.');
}));

test('a third person calls meanwhile: it shows, and answering ends the first call', on('', async (server) => {
  const { alice, bob } = await inCall(server);
  const carol = await Person.arrive(server, 'carol');
  await carol.call('bob', 'with sound');
  await bob.page.locator('#waiting-text', { hasText: 'carol is calling as well (audio call).' }).waitFor();
  await bob.page.getByRole('button', { name: 'End and answer' }).click();
  await alice.isTold('bob hung up.');
  await Promise.all([carol.sees('active'), bob.sees('active')]);
  assert.equal(await bob.page.locator('#call-peer').textContent(), 'carol');
}));

const shortGrace = '[timers]\nunstable_after = "1s"\ndrop_grace = "3s"\n';

test('a page is closed in a call: that is a hang-up', on(shortGrace, async (server) => {
  const { alice, bob } = await inCall(server);
  await bob.page.close({ runBeforeUnload: true });
  await alice.isTold('bob hung up.');
}));

test('a page is reloaded in a call: that is a hang-up as well, and the page can be called again', on(shortGrace, async (server) => {
  const { alice, bob } = await inCall(server);
  await bob.page.reload();
  await bob.isOnline();
  await alice.isTold('bob hung up.');
  await alice.press('again');
  await bob.rings();
}));

test('a page crashes in a call: the other side is warned, then told', on(shortGrace, async (server) => {
  const { alice, bob } = await inCall(server);
  await bob.crash();
  await alice.isWarned("bob's connection is unstable…");
  await alice.isTold('The call was dropped: bob lost the connection.');
  const [direction, outcome] = await alice.newestPastCall();
  assert.deepEqual([direction, outcome], ['outgoing', 'dropped']);
}));

test('the server is gone in a call: the page says so, and is back once the server is', on(shortGrace, async (server) => {
  const { alice } = await inCall(server);
  await server.stop();
  await alice.isWarned('Your connection is interrupted. Reconnecting…');
  await alice.isTold('The connection to the service was lost.');
  await alice.press('close');
  const next = await startServer(shortGrace, server.port);
  await alice.isOnline();
  await next.stop();
}));

test('who comes and goes is seen in the list', on('', async (server) => {
  const { alice, bob } = await aliceAndBob(server);
  const row = alice.page.locator('#people li[data-user=bob]');
  await bob.page.getByRole('button', { name: 'Sign out' }).click();
  await row.waitFor({ state: 'detached' });
  await alice.page.getByText('Nobody else is here.').waitFor();
  await bob.page.locator('#sign-in-name').fill('bob');
  await bob.page.getByRole('button', { name: 'Continue' }).click();
  await row.waitFor();
}));
