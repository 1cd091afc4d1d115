// Which call is on the screen and which one waits for its turn, what rings, and what is said when a call is over.
import type { Call, Media, OffhookClient } from '@offhook/client';
import { CallScreen, isRinging } from './call_screen';
import { endText, mediaProblemText } from './call_text';
import { Sounds } from './sounds';
import { blinkTitle } from './title';

const CHANGES = ['ringing', 'connecting', 'active', 'peerUnstable', 'peerStable', 'change', 'localStream', 'remoteStream'] as const;

export interface SwitchboardEvents {
  /** A call that is not on the screen is over. */
  endedAside(sentence: string): void;
  /** The call could not even be tried. */
  refused(sentence: string): void;
  /** Some call is over: the list of past calls has one more. */
  ended(): void;
}

export class Switchboard {
  readonly #client: OffhookClient;
  readonly #events: SwitchboardEvents;
  readonly #sounds: Sounds;
  readonly #screen: CallScreen;
  readonly #activeSince = new WeakMap<Call, number>();
  readonly #mediaProblems = new WeakMap<Call, string>();
  #shown: Call | undefined;
  #waiting: Call[] = [];
  readonly #hungUpForAnother = new WeakSet<Call>();

  constructor(client: OffhookClient, sounds: Sounds, events: SwitchboardEvents) {
    this.#client = client;
    this.#events = events;
    this.#sounds = sounds;
    this.#screen = new CallScreen({
      close: () => this.#next(),
      again: (call) => this.place(call.peer, call.media),
      ignore: (call) => this.#ignore(call),
      swap: (call) => this.#swap(call),
    });
    sounds.onChange = () => this.update();
    client.on('incoming', (call) => this.#take(call));
  }

  place(to: string, media: Media): void {
    try {
      this.#take(this.#client.call(to, { media }));
    } catch (error) {
      this.#events.refused((error as Error).message);  // a name that is too long, say
    }
  }

  /** Brings screen, sound and title in line with the calls. */
  update(): void {
    const call = this.#shown;
    const rings = call && isRinging(call);
    this.#sounds.ring(rings ? (call.role === 'callee' ? 'incoming' : 'outgoing') : undefined);
    const caller = rings && call.role === 'callee' ? call : this.#waiting[0];
    blinkTitle(caller && `☎ ${caller.peer} is calling`);
    this.#screen.show({
      call,
      waiting: this.#waiting[0],
      linkIsUp: this.#client.state === 'online',
      audible: this.#sounds.audible,
      mediaProblem: call && this.#mediaProblems.get(call),
      activeSince: call && this.#activeSince.get(call),
    });
  }

  #take(call: Call): void {
    call.on('active', () => { if (!this.#activeSince.has(call)) this.#activeSince.set(call, performance.now()); });
    call.on('mediaError', (error) => { this.#mediaProblems.set(call, mediaProblemText(error)); this.update(); });
    for (const name of CHANGES) call.on(name, () => this.update());
    call.on('ended', () => this.#onEnded(call));
    const free = !this.#shown || this.#shown.state === 'ended';
    if (free) this.#shown = call;
    else this.#waiting.push(call);
    this.update();
  }

  #onEnded(call: Call): void {
    this.#waiting = this.#waiting.filter((other) => other !== call);
    const aside = call !== this.#shown || this.#waiting.length > 0;
    if (aside && !this.#hungUpForAnother.has(call)) this.#events.endedAside(endText(call));
    if (call === this.#shown && this.#waiting.length > 0) this.#next();
    this.#events.ended();
    this.update();
  }

  #next(): void {
    this.#shown = this.#waiting.shift();
    this.update();
  }

  #ignore(call: Call): void {
    call.ignore();
    this.#waiting = this.#waiting.filter((other) => other !== call);
    if (call === this.#shown) this.#next();
    else this.update();
  }

  #swap(call: Call): void {
    const before = this.#shown;
    this.#waiting = this.#waiting.filter((other) => other !== call);
    this.#shown = call;
    if (before) this.#hungUpForAnother.add(before);
    before?.hangup();
    call.answer();
    this.update();
  }
}
