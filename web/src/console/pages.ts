// A list that is longer than one page: the first is kept up to date, the others stay as they were fetched.
import type { Api } from './api';
import { button, make } from './parts';

export class Pages<Item> {
  readonly element = make('p', 'more');
  #first: Item[] = [];
  #later: Item[] = [];
  #next: string | undefined;
  #path = '';

  /** `field`: the name of the list in each answer; `show` gets all that is known. */
  constructor(readonly api: Api, readonly field: string, readonly show: (items: Item[]) => void, readonly problem: (error: unknown) => void) {
    const more = button('Show more', () => void this.#more().catch(this.problem));
    this.element.append(more);
    this.element.hidden = true;
  }

  /** `path` without a cursor; another one than before begins anew. */
  async refresh(path: string): Promise<void> {
    const isNew = path !== this.#path;
    this.#path = path;
    const { items, next } = await this.#fetch(path);
    if (path !== this.#path) return;  // overtaken
    if (isNew) this.#later = [];
    this.#first = items;
    if (this.#later.length === 0) this.#next = next;
    this.#tell();
  }

  async #more(): Promise<void> {
    const path = this.#path;
    const { items, next } = await this.#fetch(`${path}&cursor=${encodeURIComponent(this.#next ?? '')}`);
    if (path !== this.#path) return;
    this.#later.push(...items);
    this.#next = next;
    this.#tell();
  }

  async #fetch(path: string): Promise<{ items: Item[]; next: string | undefined }> {
    const body = await this.api.get<Record<string, unknown>>(path);
    return { items: body[this.field] as Item[], next: body.next as string | undefined };
  }

  #tell(): void {
    this.show([...this.#first, ...this.#later]);
    this.element.hidden = this.#next === undefined;
  }
}
