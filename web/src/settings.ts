// How this person wants to be called, and what this device is called towards people.
import type { OffhookClient, Rules } from '@offhook/client';
import { deviceName, renameDevice } from './account';
import { byId, iconButton, make, tell } from './dom';

export class Settings {
  readonly #client: OffhookClient;
  readonly #dialog = byId<HTMLDialogElement>('settings');
  readonly #quiet = byId<HTMLInputElement>('settings-dnd');
  readonly #waiting = byId<HTMLSelectElement>('settings-waiting');
  readonly #block = byId<HTMLInputElement>('settings-block');
  readonly #device = byId<HTMLInputElement>('settings-device');
  #rules: Rules | undefined;

  constructor(client: OffhookClient) {
    this.#client = client;
    byId('settings-open').addEventListener('click', () => this.#open());
    byId('settings-close').addEventListener('click', () => this.#dialog.close());
    this.#quiet.addEventListener('change', () => void this.#change({ doNotDisturb: this.#quiet.checked }));
    this.#waiting.addEventListener('change', () => void this.#change({ callWaiting: this.#waiting.value as Rules['callWaiting'] }));
    this.#device.addEventListener('change', () => this.#rename());
    byId('settings-block-form').addEventListener('submit', (event) => { event.preventDefault(); void this.#blockOne(); });
    byId('dnd-off').addEventListener('click', () => void this.#change({ doNotDisturb: false }));
  }

  /** As the server has them: another device may have changed them. */
  async read(): Promise<void> {
    await this.#take(this.#client.getRules());
  }

  #open(): void {
    this.#device.value = deviceName();
    this.#dialog.showModal();
    void this.read();
  }

  // The name is in the token: a new one is fetched with the next connection.
  #rename(): void {
    renameDevice(this.#device.value.trim());
    location.reload();
  }

  async #blockOne(): Promise<void> {
    const user = this.#block.value.trim();
    if (user === '' || this.#rules === undefined) return;
    this.#block.value = '';
    await this.#change({ blocked: [...this.#rules.blocked.filter((other) => other !== user), user] });
  }

  async #change(change: Partial<Rules>): Promise<void> {
    if (this.#rules) await this.#take(this.#client.setRules({ ...this.#rules, ...change }));
  }

  async #take(rules: Promise<Rules>): Promise<void> {
    try {
      this.#rules = await rules;
      tell(byId('settings-problem'), '');
      this.#show(this.#rules);
    } catch (error) {
      tell(byId('settings-problem'), (error as Error).message);
      if (this.#rules) this.#show(this.#rules);
    }
  }

  #show({ doNotDisturb, callWaiting, blocked }: Rules): void {
    this.#quiet.checked = doNotDisturb;
    this.#waiting.value = callWaiting;
    byId('dnd').hidden = !doNotDisturb;
    byId('settings-blocked').replaceChildren(...blocked.map((user) => {
      const free = iconButton('close', `Stop blocking ${user}`, () => void this.#change({ blocked: blocked.filter((other) => other !== user) }));
      return make('li', '', make('span', 'row-text row-name', user), free);
    }));
    byId('settings-nobody').hidden = blocked.length > 0;
  }
}
