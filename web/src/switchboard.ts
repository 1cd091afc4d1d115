// Which call is on the screen, which ones wait for their turn or are on hold, what rings, and what is said when a call is over.
import type { Call, ElsewhereCall, GroupMode, Media, OffhookClient } from '@offhook/client';
import { CallScreen, isRinging } from './call_screen';
import { endText, mediaProblemText } from './call_text';
import { Sounds } from './sounds';
import { blinkTitle } from './title';

const CHANGES = ['ringing', 'connecting', 'active', 'change', 'localStream', 'remoteStream', 'participantChanged'] as const;
/** So long it is said in a call what became of another one. */
const ASIDE_MS = 8_000;

export interface SwitchboardEvents {
  /** A call that is not on the screen is over, and no other one is. */
  endedAside(sentence: string): void;
  /** The call could not even be tried. */
  refused(sentence: string): void;
  /** Some call is over: the list of past calls has one more. */
  ended(): void;
  /** Who is online. */
  online(): string[];
}

export class Switchboard {
  readonly #client: OffhookClient;
  readonly #me: string;
  readonly #events: SwitchboardEvents;
  readonly #sounds: Sounds;
  readonly #screen: CallScreen;
  readonly #activeSince = new WeakMap<Call, number>();
  readonly #unstableSince = new WeakMap<Call, number>();
  readonly #mediaProblems = new WeakMap<Call, string>();
  readonly #hungUpForAnother = new WeakSet<Call>();
  #shown: Call | undefined;
  #waiting: Call[] = [];
  #held: Call[] = [];
  #aside = '';
  #asideTimer: ReturnType<typeof setTimeout> | undefined;
  #offlineSince: number | undefined;

  constructor(client: OffhookClient, me: string, sounds: Sounds, events: SwitchboardEvents) {
    this.#client = client;
    this.#me = me;
    this.#events = events;
    this.#sounds = sounds;
    this.#screen = new CallScreen({
      close: () => this.#next(),
      again: (call) => this.#again(call),
      ignore: (call) => this.#ignore(call),
      add: (call) => this.#screen.openAdding(call),
      takeBack: (call) => this.#takeBack(call),
      answerOther: (call, before) => this.#answerOther(call, before),
      resume: (call) => this.#resume(call),
      online: () => events.online(),
    });
    sounds.onChange = () => this.update();
    client.on('incoming', (call) => this.#take(call));
    // Placed by the app's backend; whoever is in a call here is not drawn into another.
    client.on('outgoing', (call) => { if (this.#isFree) this.#take(call); else call.cancel(); });
    client.on('liveElsewhere', () => this.update());
  }

  place(to: string, media: Media): void {
    this.#try(() => this.#client.call(to, { media }));
  }

  placeGroup(users: string[], mode: GroupMode, media: Media): void {
    this.#try(() => this.#client.startGroup(users, { mode, media }));
  }

  takeOver(call: ElsewhereCall): void {
    this.#try(() => call.moveHere());
  }

  /** The link has come or gone. */
  onLink(): void {
    this.#offlineSince = this.#client.state === 'online' ? undefined : this.#offlineSince ?? performance.now();
    this.update();
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
      held: this.#held.at(-1),
      aside: this.#aside,
      me: this.#me,
      linkIsUp: this.#client.state === 'online',
      audible: this.#sounds.audible,
      mediaProblem: call && this.#mediaProblems.get(call),
      activeSince: call && this.#activeSince.get(call),
      troubleSince: this.#offlineSince ?? (call && this.#unstableSince.get(call)),
    });
  }

  // A name that is too long, say, cannot even be tried.
  #try(place: () => Call): void {
    try {
      this.#take(place());
    } catch (error) {
      this.#events.refused((error as Error).message);
    }
  }

  #take(call: Call): void {
    call.on('active', () => { if (!this.#activeSince.has(call)) this.#activeSince.set(call, performance.now()); });
    call.on('peerUnstable', () => { this.#unstableSince.set(call, performance.now()); this.update(); });
    call.on('peerStable', () => { this.#unstableSince.delete(call); this.update(); });
    call.on('mediaError', (error) => { this.#mediaProblems.set(call, mediaProblemText(error)); this.update(); });
    for (const name of CHANGES) call.on(name, () => this.update());
    call.on('ended', () => this.#onEnded(call));
    if (this.#isFree) this.#shown = call;
    else this.#waiting.push(call);
    this.update();
  }

  get #isFree(): boolean { return this.#shown === undefined || this.#shown.state === 'ended'; }

  #onEnded(call: Call): void {
    const isAside = call !== this.#shown;
    this.#waiting = this.#waiting.filter((other) => other !== call);
    this.#held = this.#held.filter((other) => other !== call);
    const goesOn = this.#waiting.length > 0 || this.#held.length > 0;
    if ((isAside || goesOn) && !this.#hungUpForAnother.has(call)) this.#sayAside(endText(call, this.#me));
    if (!isAside && goesOn) this.#next();
    this.#events.ended();
    this.update();
  }

  #sayAside(sentence: string): void {
    if (this.#shown === undefined) return this.#events.endedAside(sentence);
    this.#aside = sentence;
    clearTimeout(this.#asideTimer);
    this.#asideTimer = setTimeout(() => { this.#aside = ''; this.update(); }, ASIDE_MS);
  }

  /** Whoever waits comes first, then whoever is on hold. */
  #next(): void {
    this.#shown = this.#waiting.shift();
    if (this.#shown === undefined) {
      this.#shown = this.#held.pop();
      this.#shown?.setHeld(false);
    }
    this.update();
  }

  #again(call: Call): void {
    const users = call.legs.map(({ user }) => user);
    if (call.role === 'caller' && users.length > 1) this.placeGroup(users, call.groupMode ?? 'all_join', call.media);
    else this.place(call.peer, call.media);
  }

  #takeBack(call: Call): (() => void) | undefined {
    const found = this.#client.liveElsewhere.find(({ callId }) => callId === call.id);
    return found && (() => this.takeOver(found));
  }

  #ignore(call: Call): void {
    call.ignore();
    this.#waiting = this.#waiting.filter((other) => other !== call);
    if (call === this.#shown) this.#next();
    else this.update();
  }

  #answerOther(call: Call, before: 'hold' | 'end'): void {
    const shown = this.#shown;
    this.#waiting = this.#waiting.filter((other) => other !== call);
    this.#shown = call;
    if (shown && before === 'hold') {
      this.#hold(shown);
    } else if (shown) {
      this.#hungUpForAnother.add(shown);
      shown.hangup();
    }
    call.answer();
    this.update();
  }

  #resume(call: Call): void {
    this.#held = this.#held.filter((other) => other !== call);
    if (this.#shown && this.#shown.state !== 'ended') this.#hold(this.#shown);
    this.#shown = call;
    call.setHeld(false);
    this.update();
  }

  #hold(call: Call): void {
    call.setHeld(true);
    this.#held.push(call);
  }
}
