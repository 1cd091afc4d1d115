// The time line as a picture: SVG that is made element by element. One event is in the focus; the arrow keys go from one to the next.
import { make } from './parts';
import type { Mark, Picture, Spot } from './timeline_layout';

const SPACE = 'http://www.w3.org/2000/svg';
const LANE_HEIGHT = 56, TOP = 34, BOTTOM = 16;
const WIDEST = 2_000;  // of the place for a picture that does not fill it

function shape(name: string, attributes: Record<string, string | number>, className = ''): SVGElement {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (className) made.setAttribute('class', className);
  return made;
}

function text(x: number, y: number, content: string, className: string): SVGElement {
  const made = shape('text', { x, y }, className);
  made.textContent = content;
  return made;
}

const middle = (lane: number) => TOP + lane * LANE_HEIGHT + LANE_HEIGHT / 2;

function symbolOf(mark: Mark, x: number, y: number): SVGElement {
  if (mark === 'decides') return shape('path', { d: `M${x} ${y - 11}l3.1 7 7.6.7-5.7 5 1.7 7.4-6.7-3.9-6.7 3.9 1.7-7.4-5.7-5 7.6-.7z` }, 'symbol');
  if (mark === 'server') return shape('rect', { x: x - 5.5, y: y - 5.5, width: 11, height: 11, rx: 2 }, 'symbol');
  if (mark === 'link') return shape('path', { d: `M${x} ${y - 8}l8 8-8 8-8-8z` }, 'symbol');
  if (mark === 'webhook') return shape('path', { d: `M${x - 7} ${y + 6}l7-13 7 13z` }, 'symbol');
  return shape('circle', { cx: x, cy: y, r: 6 }, 'symbol');
}

/** A line to the server for whatever is said between it and a device, with its head where it arrives. */
function arrowOf(spot: Spot, server: number): SVGElement | undefined {
  if (spot.lane === server || (spot.mark !== 'says' && spot.mark !== 'told')) return undefined;
  const [fromLane, toLane] = spot.mark === 'says' ? [spot.lane, server] : [server, spot.lane];
  const way = Math.sign(middle(toLane) - middle(fromLane));
  const from = middle(fromLane) + way * 7, to = middle(toLane) - way * (spot.mark === 'says' ? 3 : 8);
  return shape('path', { d: `M${spot.x} ${from}V${to}m-4 ${-way * 6}l4 ${way * 6} 4 ${-way * 6}` }, `arrow ${spot.mark}`);
}

function background(picture: Picture, height: number): SVGElement {
  const group = shape('g', { 'aria-hidden': 'true' });
  picture.lanes.forEach((lane, index) => {
    group.append(shape('line', { x1: 0, x2: Math.max(picture.width, WIDEST), y1: middle(index), y2: middle(index) }, `lane ${lane.side}`));
  });
  for (const { x, text: content } of picture.ticks) {
    group.append(shape('line', { x1: x, x2: x, y1: TOP - 8, y2: height - BOTTOM }, 'grid'), text(x, TOP - 14, content, 'tick'));
  }
  for (const { from, to, lane, kind } of picture.spans) {
    const isPhase = kind !== 'rings' && kind !== 'lost';
    const tall = isPhase ? 24 : 14;
    group.append(shape('rect', { x: from, y: middle(lane) - tall / 2, width: Math.max(to - from, 2), height: tall, rx: 5 }, `span ${kind}`));
    if (isPhase && to - from > 74) group.append(text((from + to) / 2, middle(lane) + 24, kind === 'active' ? 'they talk' : kind, 'phase'));
  }
  for (const { x, text: content } of picture.breaks) {
    group.append(shape('path', { d: `M${x - 5} ${height - BOTTOM}l4-8m2 8l4-8` }, 'break'), text(x, height - BOTTOM - 12, content, 'tick'));
  }
  if (picture.deciding !== undefined) {
    const { x } = picture.spots[picture.deciding]!;
    group.append(shape('line', { x1: x, x2: x, y1: TOP - 8, y2: height - BOTTOM }, 'decision'));
  }
  return group;
}

export class TimeLinePicture {
  readonly element: HTMLElement;
  readonly #names = make('div', 'lane-names');
  readonly #canvas = shape('svg', { role: 'listbox', 'aria-orientation': 'horizontal', 'aria-label': 'Events of the call, in order', preserveAspectRatio: 'xMinYMin' }, 'canvas');
  readonly #scroller = make('div', 'canvas-scroller', this.#canvas as Node);
  readonly #detail = make('p', 'spot-detail');
  #marks: SVGElement[] = [];
  #spots: Spot[] = [];
  #chosen = -1;
  #isDecided = false;

  /** `chosen` is told which event is looked at, by its place in time. */
  constructor(readonly chosen: (spot: Spot) => void) {
    this.#detail.setAttribute('aria-hidden', 'true');  // each mark says the same by itself
    this.element = make('div', 'time-line', make('div', 'lanes', this.#names, this.#scroller), this.#detail);
    this.#canvas.addEventListener('keydown', (event) => this.#onKey(event as KeyboardEvent));
  }

  show(picture: Picture): void {
    const height = TOP + picture.lanes.length * LANE_HEIGHT + BOTTOM;
    const hadFocus = this.#canvas.contains(document.activeElement);
    const atEnd = this.#scroller.scrollLeft + this.#scroller.clientWidth >= this.#scroller.scrollWidth - 8;
    for (const [name, value] of [['width', picture.width], ['height', height], ['viewBox', `0 0 ${picture.width} ${height}`]] as const) {
      this.#canvas.setAttribute(name, String(value));
    }
    this.#names.replaceChildren(...picture.lanes.map(({ title, detail, side }) => {
      const name = make('p', `lane-name ${side}`, make('strong', '', title), make('span', '', detail));
      name.title = `${title}, ${detail}`;
      return name;
    }));
    this.#spots = picture.spots;
    const server = picture.lanes.findIndex(({ side }) => side === 'server');
    this.#marks = picture.spots.map((spot, index) => this.#markOf(spot, index, server));
    this.#canvas.replaceChildren(background(picture, height), ...this.#marks);
    const isNews = picture.deciding !== undefined && !this.#isDecided;
    this.#isDecided = picture.deciding !== undefined;
    const stays = this.#chosen >= 0 && this.#chosen < this.#spots.length && (hadFocus || !isNews);
    const start = stays ? this.#chosen : picture.deciding ?? this.#spots.length - 1;
    const isFirst = !stays;
    if (this.#spots.length > 0) this.#choose(start, hadFocus);
    if (isFirst && this.#spots[start]) this.#scroller.scrollLeft = this.#spots[start].x - this.#scroller.clientWidth * 0.7;
    else if (atEnd && !hadFocus && picture.deciding === undefined) this.#scroller.scrollLeft = this.#scroller.scrollWidth;
  }

  choose(index: number): void { if (this.#spots[index]) this.#choose(index, true); }

  #markOf(spot: Spot, index: number, server: number): SVGElement {
    const y = middle(spot.lane);
    const tone = spot.entry.outcome ?? spot.entry.kind;
    const group = shape('g', { role: 'option', tabindex: -1, 'aria-selected': 'false', 'aria-label': `${(spot.entry.after_ms / 1000).toFixed(3)} s: ${spot.entry.text}` },
      `spot ${spot.mark} kind-${tone.replaceAll(/[^a-z_]/g, '')}`);
    const title = shape('title', {});
    title.textContent = spot.entry.text;
    const arrow = arrowOf(spot, server);
    group.append(title, shape('rect', { x: spot.x - 10, y: y - 22, width: 20, height: 44 }, 'target'));
    if (arrow) group.append(arrow);
    group.append(shape('circle', { cx: spot.x, cy: y, r: 14 }, 'halo'), symbolOf(spot.mark, spot.x, y));
    group.addEventListener('click', () => this.#choose(index, true));
    group.addEventListener('focus', () => this.#choose(index, false));
    group.addEventListener('pointerenter', () => this.#tell(spot));
    group.addEventListener('pointerleave', () => { if (this.#spots[this.#chosen]) this.#tell(this.#spots[this.#chosen]!); });
    return group;
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#spots.length - 1;
    const goal: Record<string, number> = { ArrowRight: this.#chosen + 1, ArrowDown: this.#chosen + 1, ArrowLeft: this.#chosen - 1, ArrowUp: this.#chosen - 1, Home: 0, End: last };
    const next = goal[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(Math.min(Math.max(next, 0), last), true);
  }

  #choose(index: number, takesFocus: boolean): void {
    if (index !== this.#chosen) this.#mark(this.#chosen, false);
    this.#chosen = index;
    this.#mark(index, true);
    if (takesFocus && document.activeElement !== this.#marks[index]) this.#marks[index]!.focus();
    this.#tell(this.#spots[index]!);
    this.chosen(this.#spots[index]!);
  }

  #mark(index: number, isChosen: boolean): void {
    const mark = this.#marks[index];
    mark?.setAttribute('tabindex', isChosen ? '0' : '-1');
    mark?.setAttribute('aria-selected', String(isChosen));
  }

  #tell({ entry }: Spot): void {
    const told = [make('strong', '', `${(entry.after_ms / 1000).toFixed(3)} s`), ' ', entry.text];
    if (this.#detail.textContent !== told.map((part) => typeof part === 'string' ? part : part.textContent).join('')) this.#detail.replaceChildren(...told);
  }
}
