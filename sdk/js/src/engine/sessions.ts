// The sessions this client is in, or wants to be in. A fresh client (the server could not resume the old one) joins them again.
//
//   joining ─reply─▶ joined ─session_disconnect─▶ leaving ─reply─▶ (forgotten)
//      ▲               │
//      └── fresh link ─┘
import type { LeaveWord, Reply, SessionEvent } from '../protocol';
import type { Commands, Owner } from './commands';
import type { Desk } from './desk';
import type { SessionNews } from './types';

interface Session {
  readonly id: string;
  token?: string;
  readonly handle?: string;  // of the call it is under
  state: 'joining' | 'joined' | 'leaving';
  wasJoined: boolean;        // the application has been told
  early: SessionEvent[];     // what a resume replays before it repeats the reply to session_connect
}

export class Sessions {
  readonly #sessions = new Map<string, Session>();

  constructor(readonly desk: Desk, readonly commands: Commands) {}

  // --- joining

  /** The application's `session_connect`. Returns why it cannot be sent, if it cannot. */
  join(id: string, token: string | undefined, owner: Owner): 'too_large' | 'limit_reached' | undefined {
    const session = this.#sessions.get(id) ?? this.#add(id);
    if (token !== undefined) session.token = token;
    session.state = 'joining';
    return this.#connect(session, owner);
  }

  /** The session under a call: joined by the engine itself, once. */
  joinCall(id: string, handle: string): void {
    if (this.#sessions.has(id)) return;
    this.#connect(this.#add(id, handle), 'engine');
  }

  #add(id: string, handle?: string): Session {
    const session: Session = { id, handle, state: 'joining', wasJoined: false, early: [] };
    this.#sessions.set(id, session);
    return session;
  }

  #connect(session: Session, owner: Owner): 'too_large' | 'limit_reached' | undefined {
    return this.commands.submit({ type: 'session_connect', session_id: session.id, token: session.token }, owner);
  }

  onJoined(id: string, reply: Reply): void {
    const session = this.#sessions.get(id);
    if (session?.state !== 'joining' || reply.connection === undefined) return;
    session.state = 'joined';
    session.wasJoined = true;
    const { connection, connections = [], streams = [] } = reply;
    this.#tell(session, { name: 'session_connected', session_id: id, connection, connections, streams });
    for (const event of session.early.splice(0)) this.onEvent(event);
  }

  onRefused(id: string): void {
    const session = this.#sessions.get(id);
    if (session?.state === 'joining') this.#forget(session, 'network_disconnected');
  }

  /** The server does not know the old client any more; its connections are gone. */
  rejoin(): void {
    for (const session of [...this.#sessions.values()]) {
      session.early = [];
      if (session.state === 'leaving') {
        this.#forget(session, 'client_disconnected');
      } else if (session.state === 'joined') {
        session.state = 'joining';
        this.#connect(session, 'engine');
      }
    }
  }

  // --- leaving

  leave(id: string): void {
    const session = this.#sessions.get(id);
    if (session) session.state = 'leaving';
  }

  onLeft(id: string): void {
    const session = this.#sessions.get(id);
    if (session?.state === 'leaving') this.#forget(session, 'client_disconnected');
  }

  /** What the server still says about the session of a call that has ended is of no interest. */
  callEnded(handle: string): void {
    const session = [...this.#sessions.values()].find((other) => other.handle === handle);
    if (session === undefined) return;
    this.#sessions.delete(session.id);
    this.commands.drop(({ body }) => body.type === 'session_connect' && body.session_id === session.id);
  }

  closeAll(reason: LeaveWord): void {
    for (const session of [...this.#sessions.values()]) this.#forget(session, reason);
  }

  // --- events

  onEvent(event: SessionEvent): void {
    const session = this.#sessions.get(event.session_id);
    if (session === undefined) return;
    if (session.state === 'joining') session.early.push(event);
    else if (event.type === 'session_disconnected') this.#forget(session, event.reason);
    else this.#tell(session, { name: 'session_event', event });
  }

  #forget(session: Session, reason: LeaveWord): void {
    this.#sessions.delete(session.id);
    if (session.wasJoined) this.#tell(session, { name: 'session_disconnected', session_id: session.id, reason });
  }

  #tell(session: Session, news: SessionNews): void {
    this.desk.emit(session.handle === undefined ? news : { ...news, handle: session.handle });
  }
}
