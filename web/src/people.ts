// Who is online, and the buttons that call them.
import type { Media } from '@offhook/client';
import { avatarOf, byId, iconButton, make } from './dom';

export type PlaceCall = (to: string, media: Media) => void;

const WAYS: { media: Media; icon: string; name: string }[] = [
  { media: 'video', icon: 'video', name: 'with video' },
  { media: 'audio', icon: 'phone', name: 'with sound' },
  { media: 'none', icon: 'bell', name: 'without media: ring only' },
];

function callButtons(who: () => string | undefined, label: string, place: PlaceCall): HTMLButtonElement[] {
  return WAYS.map(({ media, icon, name }) => iconButton(icon, `Call ${label} ${name}`, () => {
    const to = who();
    if (to) place(to, media);
  }));
}

export class People {
  readonly #place: PlaceCall;
  readonly #me: string;
  #online = new Set<string>();
  #problem = '';

  constructor(me: string, place: PlaceCall) {
    this.#me = me;
    this.#place = place;
    this.#fillDial();
    this.#show();
  }

  /** Everybody who is online. */
  set(users: string[]): void {
    this.#online = new Set(users);
    this.#problem = '';
    this.#show();
  }

  change(user: string, online: boolean): void {
    if (online) this.#online.add(user);
    else this.#online.delete(user);
    this.#show();
  }

  /** The server does not tell. */
  fail(sentence: string): void {
    this.#online.clear();
    this.#problem = sentence;
    this.#show();
  }

  #show(): void {
    const others = [...this.#online].filter((user) => user !== this.#me).sort((a, b) => a.localeCompare(b));
    byId('people').replaceChildren(...others.map((user) => this.#row(user)));
    byId('people-count').textContent = others.length > 0 ? `${others.length} online` : '';
    const empty = byId('people-empty');
    empty.hidden = others.length > 0;
    empty.replaceChildren(...(this.#problem ? [this.#problem] : this.#invitation()));
  }

  #row(user: string): HTMLElement {
    const name = make('p', 'row-name', user);
    name.title = user;
    const row = make('li', '', avatarOf(user), make('div', 'row-text', name, make('p', 'row-more', 'Online')),
      make('span', 'row-buttons', ...callButtons(() => user, user, this.#place)));
    row.dataset['user'] = user;
    return row;
  }

  #invitation(): (Node | string)[] {
    const other = this.#me === 'bob' ? 'alice' : 'bob';
    const link = make('a', '', `open this page as ${other}`);
    link.href = `/?user=${other}`;
    link.target = '_blank';
    link.rel = 'noopener';
    return ['Nobody else is here. To have somebody to call, ', link, ' in a second tab.'];
  }

  #fillDial(): void {
    const form = byId<HTMLFormElement>('dial');
    const field = byId<HTMLInputElement>('dial-name');
    const who = () => (form.reportValidity() ? field.value.trim() : undefined);
    byId('dial-buttons').replaceChildren(...callButtons(who, 'this name', this.#place));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const to = who();
      if (to) this.#place(to, 'video');
    });
  }
}
