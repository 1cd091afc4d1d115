// The pieces the views are made of. Text is always text: nothing here, and nothing in the console, makes markup of what it is given.

type Child = Node | string;

export function make<Name extends keyof HTMLElementTagNameMap>(name: Name, className = '', ...inside: Child[]): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

export function button(label: string, press: () => void, className = 'button quiet small'): HTMLButtonElement {
  const made = make('button', className, label);
  made.type = 'button';
  made.addEventListener('click', press);
  return made;
}

export function link(to: string, ...inside: Child[]): HTMLAnchorElement {
  const made = make('a', '', ...inside);
  made.href = to;
  return made;
}

export const labelled = <Kind extends Element>(element: Kind, label: string): Kind => {
  element.setAttribute('aria-label', label);
  return element;
};

/** `tone`: good, bad, warn, live or none. */
export const chip = (text: string, tone = ''): HTMLSpanElement => make('span', `chip ${tone}`.trim(), text);

export const callLink = (id: string): HTMLAnchorElement => {
  const made = link(`#/calls/${encodeURIComponent(id)}`, shortId(id));
  made.className = 'id';
  made.title = id;
  return made;
};

/** Ids are random: their end says which one it is, and the whole is in the title. */
export function shortId(id: string): string {
  const mark = id.indexOf('_');
  return mark < 0 || id.length < 16 ? id : `${id.slice(0, mark + 1)}…${id.slice(-6)}`;
}

export function panel(title: string, ...inside: Child[]): HTMLElement {
  const heading = make('h2', '', title);
  return make('section', 'panel', heading, ...inside);
}

export const empty = (text: string): HTMLParagraphElement => make('p', 'empty', text);

/** A table whose rows are kept as long as what they show stays the same, so that focus and selection stay where they are. */
export class Table<Item> {
  readonly element: HTMLElement;
  readonly #body = make('tbody');
  readonly #nothing: HTMLParagraphElement;
  readonly #frame: HTMLElement;
  #rows = new Map<string, { said: string; row: HTMLTableRowElement }>();

  constructor(label: string, readonly columns: string[], nothing: string,
    readonly keyOf: (item: Item) => string, readonly cells: (item: Item) => Child[]) {
    const head = make('tr', '', ...columns.map((column) => {
      const cell = make('th', column ? '' : 'actions', column || make('span', 'for-readers', 'Actions'));
      cell.scope = 'col';
      return cell;
    }));
    this.#frame = make('div', 'scroller', labelled(make('table', '', make('thead', '', head), this.#body), label));
    this.#nothing = empty(nothing);
    this.element = make('div', 'listing', this.#frame, this.#nothing);
    this.show([]);
  }

  get rows(): HTMLTableRowElement[] { return [...this.#body.rows]; }

  show(items: Item[]): void {
    const next = new Map<string, { said: string; row: HTMLTableRowElement }>();
    for (const item of items) {
      const key = this.keyOf(item);
      const said = JSON.stringify(item);
      const old = this.#rows.get(key);
      next.set(key, old?.said === said ? old : { said, row: this.#row(key, item) });
    }
    this.#rows = next;
    const rows = [...next.values()].map(({ row }) => row);
    const focused = document.activeElement;
    const place = focused instanceof HTMLElement ? this.#placeOf(focused) : undefined;
    if (rows.length !== this.#body.rows.length || rows.some((row, index) => this.#body.rows[index] !== row)) this.#body.replaceChildren(...rows);
    if (place && !this.#body.contains(document.activeElement)) this.#focus(place);
    this.#frame.hidden = rows.length === 0;
    this.#nothing.hidden = rows.length > 0;
  }

  #row(key: string, item: Item): HTMLTableRowElement {
    const row = make('tr', '', ...this.cells(item).map((inside, column) => {
      const cell = make('td', this.columns[column] ? '' : 'actions', inside);
      cell.dataset.column = this.columns[column];
      return cell;
    }));
    row.dataset.key = key;
    return row;
  }

  #placeOf(focused: HTMLElement): { key: string; index: number } | undefined {
    const row = focused.closest('tr');
    if (!row?.dataset.key || row.parentElement !== this.#body) return undefined;
    return { key: row.dataset.key, index: [...row.querySelectorAll('a, button')].indexOf(focused) };
  }

  #focus({ key, index }: { key: string; index: number }): void {
    const row = this.#rows.get(key)?.row;
    const target = row?.querySelectorAll<HTMLElement>('a, button')[index];
    target?.focus();
  }
}

/** Asks before something is done that cannot be taken back. */
export function confirmed(question: string, more: string, action: string): Promise<boolean> {
  const dialog = make('dialog', 'confirm', make('h2', '', question), make('p', '', more));
  const yes = button(action, () => dialog.close('yes'), 'button danger');
  const no = button('Cancel', () => dialog.close('no'), 'button quiet');
  dialog.append(make('div', 'confirm-buttons', no, yes));
  labelled(dialog, question);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    dialog.showModal();
    no.focus();
  });
}
