// The screen of one call, over the whole page: pictures, words, buttons; and strips for others who call meanwhile or are on hold.
import type { Call } from '@offhook/client';
import { AddPeople } from './add_people';
import { majorButtons, minorButtons, type CallButton, type ScreenActions } from './call_buttons';
import { detailText, hasTiles, MEDIA_NAME, stateText, titleOf, warningText } from './call_text';
import { byId, icon, make, paintAvatar, tell } from './dom';
import { lengthText } from './format';
import { Tiles } from './tiles';

const TIMER_MS = 250;

export interface CallScreenActions extends ScreenActions {
  /** Answers this one; the call on the screen is put on hold, or ended. */
  answerOther(call: Call, before: 'hold' | 'end'): void;
  /** Back to a call on hold; the one on the screen is put on hold. */
  resume(call: Call): void;
  online(): string[];
}

export interface CallScreenState {
  call: Call | undefined;
  waiting: Call | undefined;
  held: Call | undefined;
  /** What became of a call that is not on the screen. */
  aside: string;
  me: string;
  linkIsUp: boolean;
  /** Whether what rings can be heard, as far as the page knows. */
  audible: boolean;
  mediaProblem: string | undefined;
  /** By performance.now(); since when both sides have been connected. */
  activeSince: number | undefined;
  /** By performance.now(); since when the link, or else the other side, is not heard. */
  troubleSince: number | undefined;
}

export class CallScreen {
  readonly #dialog = byId<HTMLDialogElement>('call');
  readonly #remote = byId<HTMLVideoElement>('call-remote');
  readonly #local = byId<HTMLVideoElement>('call-local');
  readonly #actions: CallScreenActions;
  #state: CallScreenState | undefined;
  readonly #tiles = new Tiles(byId('call-tiles'));
  readonly #adding = new AddPeople();
  #waiting: Call | undefined;
  #held: Call | undefined;
  readonly #watched = new WeakSet<MediaStreamTrack>();

  constructor(actions: CallScreenActions) {
    this.#actions = actions;
    // Escape closes what is over, and never a call that goes on.
    this.#dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      if (this.#adding.isOpen) return this.#adding.close();
      if (this.#state?.call?.state === 'ended') actions.close();
    });
    byId('waiting-hold').addEventListener('click', () => this.#waiting && actions.answerOther(this.#waiting, 'hold'));
    byId('waiting-end').addEventListener('click', () => this.#waiting && actions.answerOther(this.#waiting, 'end'));
    byId('waiting-decline').addEventListener('click', () => this.#waiting?.decline());
    byId('held-resume').addEventListener('click', () => this.#held && actions.resume(this.#held));
    byId('held-end').addEventListener('click', () => this.#held?.hangup());
    byId('waiting-ignore').addEventListener('click', () => this.#waiting && actions.ignore(this.#waiting));
    for (const event of ['playing', 'resize', 'emptied']) this.#remote.addEventListener(event, () => this.#showPictures());
    setInterval(() => this.#showTimer(), TIMER_MS);
  }

  show(state: CallScreenState): void {
    const opens = state.call !== undefined && state.call !== this.#state?.call;
    this.#state = state;
    const { call } = state;
    if (!call) return this.#close();
    this.#dialog.dataset['state'] = call.state;
    this.#dialog.dataset['view'] = hasTiles(call) ? 'group' : 'two';
    if (call.state === 'ended' || opens) this.#adding.close();
    this.#dialog.classList.toggle('rings', isRinging(call));
    const title = titleOf(call, state.me);
    if (byId('call-peer').textContent !== title) byId('call-peer').textContent = title;
    paintAvatar(byId('call-avatar'), call.peer);
    tell(byId('call-state'), stateText(call, state.me));
    tell(byId('call-detail'), detailText(call, state.me));
    tell(byId('call-warning'), warningText(call, state.linkIsUp, state.mediaProblem));
    byId('sound-hint').hidden = !isRinging(call) || call.role === 'caller' || state.audible;
    this.#showPictures();
    this.#showTimer();
    this.#showWaiting(state.waiting);
    this.#showHeld(state.held);
    tell(byId('call-aside'), state.aside);
    this.#showButtons(byId('call-minor'), minorButtons(call, this.#actions));
    this.#showButtons(byId('call-major'), majorButtons(call, this.#actions));
    if (opens) this.#open();
  }

  // The heading gets the focus, not a button: whoever is typing when it rings must not answer or decline with the next key.
  #open(): void {
    if (!this.#dialog.open) this.#dialog.showModal();
    byId('call-peer').focus();
  }

  /** For the list of people that can be called into this call. */
  openAdding(call: Call): void {
    this.#adding.open(call, this.#actions.online(), this.#state?.me ?? '');
  }

  #close(): void {
    this.#adding.close();
    this.#tiles.clear();
    this.#remote.srcObject = null;
    this.#local.srcObject = null;
    if (this.#dialog.open) this.#dialog.close();
  }

  #showPictures(): void {
    const call = this.#state?.call;
    if (!call) return;
    const group = hasTiles(call);
    if (group) this.#tiles.show(call, this.#state?.me ?? '');
    else this.#tiles.clear();
    const { localStream, remoteStream: theirStream } = call.state === 'ended' || call.leaving ? {} as Partial<Call> : call;
    const remoteStream = group ? undefined : theirStream;
    if (this.#local.srcObject !== (localStream ?? null)) this.#local.srcObject = localStream ?? null;
    if (this.#remote.srcObject !== (remoteStream ?? null)) this.#remote.srcObject = remoteStream ?? null;
    if (remoteStream) this.#watch(remoteStream);
    this.#local.hidden = !localStream?.getVideoTracks().length || call.cameraOff;
    // Not by `muted`: after two offers have crossed, Chromium leaves it set although pictures arrive.
    const arrives = remoteStream?.getVideoTracks().some((track) => track.readyState === 'live') && this.#remote.videoWidth > 0;
    const theirs = arrives && call.peerHasVideo !== false;
    this.#dialog.dataset['picture'] = theirs ? 'theirs' : 'none';
  }

  // Tracks can be added to a stream at any time; only those that the browser adds itself are announced by an event.
  #watch(stream: MediaStream): void {
    for (const track of stream.getTracks()) {
      if (this.#watched.has(track)) continue;
      this.#watched.add(track);
      for (const event of ['mute', 'unmute', 'ended']) track.addEventListener(event, () => this.#showPictures());
    }
  }

  #showTimer(): void {
    const since = this.#state?.activeSince;
    const runs = since !== undefined && this.#state?.call?.state === 'active';
    tell(byId('call-timer'), runs ? lengthText(performance.now() - since) : '');
    const trouble = this.#state?.troubleSince;
    const seconds = trouble === undefined ? 0 : Math.floor((performance.now() - trouble) / 1000);
    tell(byId('call-warning-since'), seconds > 0 ? `${seconds} s` : '');
    byId('call-warning-box').hidden = byId('call-warning').hidden;
  }

  #showWaiting(waiting: Call | undefined): void {
    this.#waiting = waiting;
    tell(byId('waiting-text'), waiting ? `${waiting.peer} is calling as well (${MEDIA_NAME[waiting.media].toLowerCase()}).` : '');
    byId('waiting').hidden = waiting === undefined;
    byId('waiting-hold').hidden = this.#state?.call?.state !== 'active';
  }

  #showHeld(held: Call | undefined): void {
    this.#held = held;
    tell(byId('held-text'), held ? `${titleOf(held, this.#state?.me ?? '')} is on hold.` : '');
    byId('held').hidden = held === undefined;
  }

  // The same buttons stay in place, so that the focus stays on them; other ones take the focus over.
  #showButtons(group: HTMLElement, buttons: CallButton[]): void {
    const ids = buttons.map(({ id }) => id).join(' ');
    const hadFocus = group.contains(document.activeElement);
    if (group.dataset['ids'] !== ids) group.replaceChildren(...buttons.map(() => make('button', '')));
    buttons.forEach((button, index) => dress(group.children[index] as HTMLButtonElement, button));
    if (group.dataset['ids'] !== ids && hadFocus) (group.lastElementChild as HTMLElement | null)?.focus();
    group.dataset['ids'] = ids;
  }
}

function dress(element: HTMLButtonElement, { id, icon: name, label, look, pressed, press }: CallButton): void {
  element.type = 'button';
  element.dataset['action'] = id;
  element.className = name ? `round ${look ?? ''}`.trim() : 'button quiet';
  element.onclick = press;
  if (pressed !== undefined) element.setAttribute('aria-pressed', String(pressed));
  const before = `${name} ${label}`;
  if (element.dataset['shows'] === before) return;
  element.dataset['shows'] = before;
  element.replaceChildren(...(name ? [make('span', '', icon(name)), make('span', '', label)] : [label]));
}

/** While it rings in either direction, and nobody here has pressed anything. */
export function isRinging(call: Call): boolean {
  if (call.answering || call.leaving || call.ignored) return false;
  switch (call.state) {
    case 'calling':
    case 'ringing':
    case 'incoming': return true;
    case 'connecting':
    case 'active':
    case 'ended': return false;
  }
}
