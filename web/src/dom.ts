// Small helpers for the page's elements.

export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element "${id}"`);
  return found as Kind;
}

export function make<Name extends keyof HTMLElementTagNameMap>(name: Name, className: string, ...inside: (Node | string)[]): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.className = className;
  made.append(...inside);
  return made;
}

/** One of the symbols at the end of index.html. */
export function icon(name: string, className = ''): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const picture = document.createElementNS(space, 'svg');
  picture.setAttribute('class', `icon ${className}`.trim());
  picture.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(space, 'use');
  use.setAttribute('href', `#icon-${name}`);
  picture.append(use);
  return picture;
}

export function iconButton(name: string, label: string, press: () => void): HTMLButtonElement {
  const button = make('button', 'icon-button', icon(name));
  button.type = 'button';
  button.title = label;
  button.setAttribute('aria-label', label);
  button.addEventListener('click', press);
  return button;
}

/** Sets text and visibility at once: no text, no element. Unchanged text is left alone, so that it is not read out again. */
export function tell(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

const TONES = 6;

/** The first letter of a name on a colour that stays with the name. */
export function paintAvatar(avatar: HTMLElement, name: string): void {
  const sum = [...name].reduce((total, letter) => (total * 31 + (letter.codePointAt(0) ?? 0)) % 997, 7);
  avatar.className = avatar.className.replace(/ ?tone-\d/, '');
  avatar.classList.add(`tone-${sum % TONES}`);
  avatar.textContent = [...name][0] ?? '?';
}

export function avatarOf(name: string): HTMLElement {
  const avatar = make('div', 'avatar');
  avatar.setAttribute('aria-hidden', 'true');
  paintAvatar(avatar, name);
  return avatar;
}
