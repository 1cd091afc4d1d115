// The people of a call of more than two, each with picture, name and what they do.
import type { Call, Leg, Participant } from '@offhook/client';
import { legText } from './call_text';
import { avatarOf, make, tell } from './dom';

interface Tile { user: string; leg?: Leg; participant?: Participant }

interface Shown { item: HTMLLIElement; video: HTMLVideoElement; state: HTMLParagraphElement }

export class Tiles {
  readonly #list: HTMLElement;
  readonly #shown = new Map<string, Shown>();

  constructor(list: HTMLElement) { this.#list = list; }

  show(call: Call, me: string): void {
    const tiles = tilesOf(call, me);
    for (const [user, { item }] of this.#shown) {
      if (tiles.some((tile) => tile.user === user)) continue;
      item.remove();
      this.#shown.delete(user);
    }
    for (const tile of tiles) this.#dress(this.#shown.get(tile.user) ?? this.#make(tile.user), tile, call);
    this.#list.dataset['count'] = String(Math.min(tiles.length, 9));
    this.#list.hidden = tiles.length === 0;
  }

  clear(): void {
    for (const { item, video } of this.#shown.values()) {
      video.srcObject = null;
      item.remove();
    }
    this.#shown.clear();
    this.#list.hidden = true;
  }

  #make(user: string): Shown {
    const video = make('video', '');
    video.autoplay = true;
    video.playsInline = true;
    video.setAttribute('aria-label', `Picture of ${user}`);
    const state = make('p', 'tile-state');
    const item = make('li', 'tile', avatarOf(user), video, make('div', 'tile-text', make('p', 'tile-name', user), state));
    item.dataset['user'] = user;
    const shown = { item, video, state };
    for (const event of ['playing', 'resize', 'emptied']) video.addEventListener(event, () => showPicture(shown));
    this.#shown.set(user, shown);
    this.#list.append(item);
    return shown;
  }

  #dress(shown: Shown, { leg, participant }: Tile, call: Call): void {
    const over = call.state === 'ended' || call.leaving;
    const stream = over ? null : participant?.stream ?? null;
    if (shown.video.srcObject !== stream) shown.video.srcObject = stream;
    shown.item.dataset['state'] = leg?.state ?? 'joined';
    shown.item.dataset['sends'] = String(participant?.hasVideo !== false);
    tell(shown.state, over && leg?.state !== 'ended' ? '' : tileText(leg, participant, call));
    showPicture(shown);
  }
}

/** Those who are called, and the caller; whoever is gone comes last. */
function tilesOf(call: Call, me: string): Tile[] {
  const caller: Tile[] = call.role === 'callee' ? [{ user: call.peer }] : [];
  const called = call.legs.filter(({ user }) => user !== me).map((leg) => ({ user: leg.user, leg }));
  const gone = (tile: Tile): number => Number(tile.leg?.state === 'ended');
  return [...caller, ...called.sort((a, b) => gone(a) - gone(b))]
    .map((tile) => ({ ...tile, participant: call.participants.find(({ user }) => user === tile.user) }));
}

function tileText(leg: Leg | undefined, participant: Participant | undefined, call: Call): string {
  const text = leg ? legText(leg) : '';
  if (text || call.media === 'none' || call.state !== 'active') return text;
  if (!participant?.isReceived) return 'Nothing arrives at present';
  if (participant.hasAudio === false) return 'Muted';
  return '';
}

function showPicture({ item, video }: Shown): void {
  const arrives = video.srcObject !== null && video.videoWidth > 0 && item.dataset['sends'] === 'true' && item.dataset['state'] !== 'ended';
  item.dataset['picture'] = arrives ? 'theirs' : 'none';
}
