// The page of somebody who is signed in: link, people, past calls, calls at other devices, notices.
import { OffhookClient, outcomeText, type HistoryRecord, type OffhookError, type UnseenOutcome } from '@offhook/client';
import { deviceName, fetchToken } from './account';
import { unseenText } from './call_text';
import { byId, tell } from './dom';
import { showElsewhere } from './elsewhere';
import { PastCalls } from './past_calls';
import { People, type Placing } from './people';
import { Settings } from './settings';
import { Sounds } from './sounds';
import { Switchboard } from './switchboard';

const PAST_CALLS = 30;

interface Action { label: string; press: () => void }

function notice(sentence: string, serious = false, action?: Action): void {
  const box = byId('notice');
  tell(byId('notice-text'), sentence);
  box.hidden = sentence === '';
  box.classList.toggle('serious', serious);
  const button = byId('notice-action');
  tell(button, action?.label ?? '');
  button.onclick = action?.press ?? null;
}

const LINK_TEXT = { idle: 'Connecting…', connecting: 'Connecting…', online: 'Online', offline: 'Reconnecting…', closed: 'Disconnected' } as const;

function showLink(client: OffhookClient): void {
  const state = byId('link-state');
  state.dataset['state'] = client.state;
  tell(state, LINK_TEXT[client.state]);
}

/** Why the client has stopped for good, and the way back. */
function onClosed(error: OffhookError | undefined): void {
  const sentence = error?.word === 'replaced'
    ? 'This name and device are in use in another tab or window, so this one has stopped.'
    : error?.message ?? 'The connection is closed.';
  notice(sentence, true, { label: 'Connect here', press: () => location.reload() });
}

function watchPeople(client: OffhookClient, people: People): void {
  client.watchPresence().then((users) => people.set(users)).catch((error: OffhookError) => {
    if (error.word === 'not_allowed') people.fail('This server does not tell who is online. You can still call somebody by name.');
  });
}

/** Calls that ended while the page was reloaded or had crashed. */
function showUnseen(client: OffhookClient, outcomes: UnseenOutcome[]): void {
  if (outcomes.length === 0) return;
  notice(unseenText(outcomes));
  client.markSeen();
}

function makeClient(user: string, deviceId: string): OffhookClient {
  return new OffhookClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/client`,
    getToken: () => fetchToken(user, deviceName()), deviceId, deviceName: deviceName(),
  });
}

export async function openHome(user: string, deviceId: string, sounds: Sounds): Promise<void> {
  const client = makeClient(user, deviceId);
  const placing: Placing = {
    call: (to, media) => board.place(to, media), group: (users, mode, media) => board.placeGroup(users, mode, media),
  };
  const people = new People(user, placing);
  const pastCalls = new PastCalls(user, placing);
  const settings = new Settings(client);
  const readHistory = () => {
    client.history({ limit: PAST_CALLS }).then((records) => pastCalls.set(records)).catch(() => {});  // asked again when online
  };
  const board = new Switchboard(client, user, sounds, {
    endedAside: (sentence) => notice(sentence), refused: (sentence) => notice(sentence, true), ended: readHistory, online: () => people.others,
  });
  const onLink = () => { showLink(client); board.onLink(); };
  const onMissed = ({ peer, media, yourOutcome, reason }: HistoryRecord) => {
    readHistory();
    notice(outcomeText(yourOutcome, reason, 'callee', peer), false, { label: 'Call back', press: () => { notice(''); placing.call(peer, media); } });
  };

  client.on('presence', (change) => people.change(change.user, change.online));
  client.on('online', () => { onLink(); watchPeople(client, people); readHistory(); void settings.read(); });
  client.on('offline', onLink);
  client.on('closed', (error) => { onLink(); onClosed(error); });
  client.on('missed', onMissed);
  client.on('unseenOutcomes', (outcomes) => showUnseen(client, outcomes));
  client.on('liveElsewhere', (calls) => showElsewhere(calls, (call) => board.takeOver(call)));
  client.on('draining', () => notice('The server is about to restart. Calls that are going on may be cut off.', true));
  client.on('error', (error) => notice(error.message, true));
  byId('sign-out').addEventListener('click', () => void client.disconnect().finally(() => location.assign('/')));
  byId('notice-close').addEventListener('click', () => notice(''));
  tell(byId('me-name'), user);
  tell(byId('me-device'), deviceName());
  byId('home').hidden = false;
  onLink();
  await client.connect().catch((error: OffhookError) => onClosed(error));
}
