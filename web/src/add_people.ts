// Calling more people into the call on the screen.
import type { Call, OffhookError } from '@offhook/client';
import { byId, make, tell } from './dom';

export class AddPeople {
  readonly #form = byId<HTMLFormElement>('add');
  readonly #field = byId<HTMLInputElement>('add-name');
  #call: Call | undefined;
  #back: HTMLElement | null = null;

  constructor() {
    this.#form.addEventListener('submit', (event) => { event.preventDefault(); void this.#add(); });
    byId('add-cancel').addEventListener('click', () => this.close());
  }

  get isOpen(): boolean { return !this.#form.hidden; }

  /** `online`: who could be chosen. Whoever was called before is not called again. */
  open(call: Call, online: string[], me: string): void {
    const known = new Set([me, call.peer, ...call.legs.map(({ user }) => user)]);
    const others = online.filter((user) => !known.has(user));
    this.#call = call;
    this.#back = document.activeElement as HTMLElement | null;
    byId('add-people').replaceChildren(...others.map(choice));
    byId('add-nobody').hidden = others.length > 0;
    tell(byId('add-problem'), '');
    this.#field.value = '';
    this.#form.hidden = false;
    (this.#form.querySelector<HTMLElement>('.check') ?? this.#field).focus();
  }

  close(): void {
    if (!this.isOpen) return;
    this.#form.hidden = true;
    this.#call = undefined;
    this.#back?.focus();
  }

  async #add(): Promise<void> {
    const chosen = [...this.#form.querySelectorAll<HTMLInputElement>('.check:checked')].map(({ value }) => value);
    const users = [...new Set([...chosen, this.#field.value.trim()])].filter((user) => user !== '');
    if (users.length === 0) return tell(byId('add-problem'), 'Choose somebody, or write a name.');
    try {
      await this.#call?.ringMore(users);
      this.close();
    } catch (error) {
      tell(byId('add-problem'), (error as OffhookError).word === 'limit_reached' ? 'A call can have 16 people at most.' : (error as Error).message);
    }
  }
}

function choice(user: string): HTMLElement {
  const box = make('input', 'check');
  box.type = 'checkbox';
  box.value = user;
  return make('li', '', make('label', 'choice', box, make('span', 'row-name', user)));
}
