// Who is online, the buttons that call them, and choosing several for a call of more than two.
import type { GroupMode, Media } from '@offhook/client';
import { avatarOf, byId, iconButton, make } from './dom';

export interface Placing {
  call(to: string, media: Media): void;
  group(users: string[], mode: GroupMode, media: Media): void;
}

const WAYS: { media: Media; icon: string; name: string }[] = [
  { media: 'video', icon: 'video', name: 'with video' },
  { media: 'audio', icon: 'phone', name: 'with sound' },
  { media: 'none', icon: 'bell', name: 'without media: ring only' },
];

function callButtons(label: string, press: (media: Media) => void): HTMLButtonElement[] {
  return WAYS.map(({ media, icon, name }) => iconButton(icon, `Call ${label} ${name}`, () => press(media)));
}

export class People {
  readonly #placing: Placing;
  readonly #me: string;
  #online = new Set<string>();
  readonly #chosen = new Set<string>();
  #isChoosing = false;
  #problem = '';

  constructor(me: string, placing: Placing) {
    this.#me = me;
    this.#placing = placing;
    this.#fillDial();
    this.#fillGroup();
    this.#show();
  }

  /** The others who are online, by name. */
  get others(): string[] {
    return [...this.#online].filter((user) => user !== this.#me).sort((a, b) => a.localeCompare(b));
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
    const { others } = this;
    for (const user of this.#chosen) if (!others.includes(user)) this.#chosen.delete(user);
    byId('people').replaceChildren(...others.map((user) => (this.#isChoosing ? this.#choice(user) : this.#row(user))));
    byId('people-count').textContent = others.length > 0 ? `${others.length} online` : '';
    const empty = byId('people-empty');
    empty.hidden = others.length > 0;
    empty.replaceChildren(...(this.#problem ? [this.#problem] : this.#invitation()));
    this.#showGroup();
  }

  #row(user: string): HTMLElement {
    const name = make('p', 'row-name', user);
    name.title = user;
    const row = make('li', '', avatarOf(user), make('div', 'row-text', name, make('p', 'row-more', 'Online')),
      make('span', 'row-buttons', ...callButtons(user, (media) => this.#placing.call(user, media))));
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

  // --- several at once

  #choice(user: string): HTMLElement {
    const box = make('input', 'check');
    box.type = 'checkbox';
    box.checked = this.#chosen.has(user);
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.add(user);
      else this.#chosen.delete(user);
      this.#showGroup();
    });
    const row = make('li', '', make('label', 'choice', box, avatarOf(user), make('span', 'row-name', user)));
    row.dataset['user'] = user;
    return row;
  }

  #fillGroup(): void {
    byId('group-choose').addEventListener('click', () => this.#choose(!this.#isChoosing));
    byId('group-buttons').replaceChildren(...callButtons('those chosen', (media) => this.#placeGroup(media)));
  }

  #choose(isChoosing: boolean): void {
    this.#isChoosing = isChoosing;
    this.#chosen.clear();
    this.#show();
    if (isChoosing) document.querySelector<HTMLInputElement>('#people .check')?.focus();
  }

  #showGroup(): void {
    const button = byId<HTMLButtonElement>('group-choose');
    button.hidden = this.others.length < 2 && !this.#isChoosing;
    button.textContent = this.#isChoosing ? 'Cancel' : 'Call several';
    byId('group').hidden = !this.#isChoosing;
    byId('dial').hidden = this.#isChoosing;
    const count = this.#chosen.size;
    byId('group-count').textContent = count < 2 ? 'Choose two people or more.' : `${count} people chosen`;
    for (const call of byId('group-buttons').querySelectorAll('button')) call.disabled = count < 2;
  }

  #placeGroup(media: Media): void {
    const users = [...this.#chosen];
    const mode = document.querySelector<HTMLInputElement>('input[name=group-mode]:checked')?.value as GroupMode;
    this.#choose(false);
    this.#placing.group(users, mode, media);
  }

  // --- somebody by name

  #fillDial(): void {
    const form = byId<HTMLFormElement>('dial');
    const field = byId<HTMLInputElement>('dial-name');
    const place = (media: Media) => { if (form.reportValidity() && field.value.trim()) this.#placing.call(field.value.trim(), media); };
    byId('dial-buttons').replaceChildren(...callButtons('this name', place));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      place('video');
    });
  }
}
