// A session: connections, streams, signals, and waiting for somebody to come.
import {
  connectionOf, leaveReasonOf, streamOf, streamReasonOf, type Connection, type LeaveReason, type SessionEvents, type SignalEvent,
  type Stream,
} from './api';
import { Emitter } from './emitter';
import type { SessionNews } from './engine/types';
import { OffhookError } from './errors';
import type { Port } from './port';
import type { LeaveWord, SessionEvent, VideoType, WireStream } from './protocol';

type Joined = Extract<SessionNews, { name: 'session_connected' }>;

export class Session extends Emitter<SessionEvents> {
  readonly sessionId: string;
  readonly #port: Port;
  readonly #token: string | undefined;
  #connection: Connection | undefined;
  readonly #connections = new Map<string, Connection>();
  readonly #streams = new Map<string, Stream>();
  readonly #own = new Map<string, Stream>();

  /** @internal Made by `OffhookClient.session`. */
  constructor(port: Port, sessionId: string, token: string | undefined) {
    super();
    this.#port = port;
    this.sessionId = sessionId;
    this.#token = token;
  }

  /** Whether this client is in the session. While the link is lost it still is, until the server says otherwise. */
  get connected(): boolean { return this.#connection !== undefined; }
  /** This client's own connection. */
  get connection(): Connection | undefined { return this.#connection; }
  /** Those of the others. */
  get connections(): Connection[] { return [...this.#connections.values()]; }
  /** Those of the others. */
  get streams(): Stream[] { return [...this.#streams.values()]; }

  /** Resolves when this client is in. `sessionConnected` has come by then. */
  async connect(): Promise<void> {
    await this.#port.request({ type: 'session_connect', session_id: this.sessionId, token: this.#token });
  }

  async disconnect(): Promise<void> {
    await this.#port.request({ type: 'session_disconnect', session_id: this.sessionId });
  }

  /** To all in the session, this client included, or to one. `type`: at most 128 of `A–Z a–z 0–9 - _ ~`; `data`: at most 8 192 bytes. */
  async signal({ type, data = '', to }: { type: string; data?: string; to?: string | Connection }): Promise<void> {
    const target = typeof to === 'object' ? to.connectionId : to;
    await this.#port.request({ type: 'signal', session_id: this.sessionId, signal_type: type, data, to: target });
  }

  async publish(stream: { name?: string; hasAudio: boolean; hasVideo: boolean; videoType?: VideoType }): Promise<Stream> {
    const reply = await this.#port.request({
      type: 'publish', session_id: this.sessionId, name: stream.name, has_audio: stream.hasAudio, has_video: stream.hasVideo,
      video_type: stream.videoType,
    });
    return this.#remember(streamIn(reply.stream));
  }

  async updateStream(streamId: string, change: { hasAudio?: boolean; hasVideo?: boolean }): Promise<Stream> {
    const reply = await this.#port.request({
      type: 'update_stream', session_id: this.sessionId, stream_id: streamId, has_audio: change.hasAudio, has_video: change.hasVideo,
    });
    return this.#remember(streamIn(reply.stream));
  }

  async unpublish(streamId: string): Promise<void> {
    await this.#port.request({ type: 'unpublish', session_id: this.sessionId, stream_id: streamId });
    this.#own.delete(streamId);
  }

  /** For moderators, as the four below: sends a connection away. */
  async forceDisconnect(connection: string | Connection): Promise<void> {
    const id = typeof connection === 'object' ? connection.connectionId : connection;
    await this.#port.request({ type: 'force_disconnect', session_id: this.sessionId, connection_id: id });
  }

  async forceUnpublish(stream: string | Stream): Promise<void> {
    await this.#port.request({ type: 'force_unpublish', session_id: this.sessionId, stream_id: idOf(stream) });
  }

  /** Switches the sound of a stream off; its publisher may switch it on again. */
  async forceMuteStream(stream: string | Stream): Promise<void> {
    await this.#port.request({ type: 'force_mute', session_id: this.sessionId, stream_id: idOf(stream) });
  }

  /** All streams but these, and all that are published later, until `disableForceMute`. */
  async forceMuteAll(except: (string | Stream)[] = []): Promise<void> {
    await this.#port.request({ type: 'force_mute', session_id: this.sessionId, except: except.map(idOf), active: true });
  }

  async disableForceMute(): Promise<void> {
    await this.#port.request({ type: 'force_mute', session_id: this.sessionId, active: false });
  }

  /**
   * Waits for somebody else to come into the session, or to be there already; `userId` and `data` say who. The server holds the
   * deadline (`timeout` in milliseconds, 1 000 to 3 600 000, default 60 000). Settles exactly once, whatever becomes of the link:
   * with the connection, or with `ConnectionMissed`, whose `reason` is `timeout`, `rejected` or `expecter_left`.
   */
  async expectConnection(options: { timeout?: number; userId?: string; data?: string } = {}): Promise<Connection> {
    return connectionOf(await this.#port.expect({
      type: 'expect', session_id: this.sessionId, timeout_ms: options.timeout, user: options.userId, data: options.data,
    }));
  }

  // --- what the engine tells

  /** @internal */
  onNews(news: SessionNews): void {
    switch (news.name) {
      case 'session_connected': return this.#onConnected(news);
      case 'session_disconnected': return this.#onDisconnected(leaveReasonOf(news.reason));
      case 'session_event': return this.#onEvent(news.event);
    }
  }

  #onConnected(news: Joined): void {
    if (this.connected) this.#onReconnected(news);
    this.#connection = connectionOf(news.connection);
    this.#connections.clear();
    this.#streams.clear();
    this.#own.clear();
    for (const wire of news.connections) this.#connections.set(wire.connection_id, connectionOf(wire));
    for (const wire of news.streams) this.#streams.set(wire.stream_id, streamOf(wire));
    this.emit('sessionConnected', { connections: this.connections, streams: this.streams });
  }

  /** The server had forgotten this client, and the lists are new: what is not in them any more has gone in the meantime. */
  #onReconnected(news: Joined): void {
    const streams = new Set(news.streams.map((wire) => wire.stream_id));
    const connections = new Set(news.connections.map((wire) => wire.connection_id));
    for (const id of this.#streams.keys()) if (!streams.has(id)) this.#destroyStream(id, 'network_disconnected');
    for (const id of this.#connections.keys()) if (!connections.has(id)) this.#destroyConnection(id, 'network_disconnected');
    for (const wire of news.connections) if (!this.#connections.has(wire.connection_id)) this.#createConnection(connectionOf(wire));
    for (const wire of news.streams) if (!this.#streams.has(wire.stream_id)) this.#createStream(wire);
  }

  #onDisconnected(reason: LeaveReason): void {
    this.#connection = undefined;
    this.#connections.clear();
    this.#streams.clear();
    this.emit('sessionDisconnected', { reason });
  }

  #onEvent(event: SessionEvent): void {
    switch (event.type) {
      case 'connection_created': return this.#createConnection(connectionOf(event.connection));
      case 'connection_destroyed': return this.#destroyConnection(event.connection_id, event.reason);
      case 'stream_created': return this.#createStream(event.stream);
      case 'stream_updated': return this.#updateStream(streamOf(event.stream));
      case 'stream_destroyed': return this.#destroyStream(event.stream_id, event.reason);
      case 'signal': return this.#onSignal({ type: event.signal_type, data: event.data, from: event.from === undefined ? undefined : this.#find(event.from) });
      case 'mute_forced': return this.#onMuted(event.stream_id);
      case 'negotiation':          // of media, which an application with sessions of its own does by signals
      case 'session_disconnected':
      case 'expectation_met':
      case 'connection_missed': return;  // told in other ways
    }
  }

  #createConnection(connection: Connection): void {
    this.#connections.set(connection.connectionId, connection);
    this.emit('connectionCreated', { connection });
  }

  #destroyConnection(id: string, word: LeaveWord): void {
    const connection = this.#find(id);
    this.#connections.delete(id);
    this.emit('connectionDestroyed', { connection, reason: leaveReasonOf(word) });
  }

  #createStream(wire: WireStream): void {
    const stream = streamOf(wire);
    this.#streams.set(stream.streamId, stream);
    this.emit('streamCreated', { stream });
  }

  #updateStream(stream: Stream): void {
    const before = this.#streams.get(stream.streamId);
    this.#streams.set(stream.streamId, stream);
    if (before === undefined) return;
    for (const changedProperty of ['hasAudio', 'hasVideo'] as const) {
      const [oldValue, newValue] = [before[changedProperty], stream[changedProperty]];
      if (oldValue !== newValue) this.emit('streamPropertyChanged', { stream, changedProperty, oldValue, newValue });
    }
  }

  #destroyStream(id: string, word: LeaveWord): void {
    const stream = this.#streams.get(id) ?? this.#own.get(id);
    this.#streams.delete(id);
    this.#own.delete(id);
    if (stream) this.emit('streamDestroyed', { stream, reason: streamReasonOf(word) });
  }

  #onMuted(id: string): void {
    const stream = this.#own.get(id);
    if (stream) this.emit('muteForced', { stream: this.#remember({ ...stream, hasAudio: false }) });
  }

  #remember(own: Stream): Stream {
    this.#own.set(own.streamId, own);
    return own;
  }

  #onSignal(signal: SignalEvent): void {
    this.emit('signal', signal);
    this.emit(`signal:${signal.type}`, signal);
  }

  /** A signal may come from somebody who has just left. */
  #find(id: string): Connection {
    if (id === this.#connection?.connectionId) return this.#connection;
    return this.#connections.get(id) ?? { connectionId: id, createdAtMs: 0 };
  }
}

const idOf = (stream: string | Stream): string => typeof stream === 'object' ? stream.streamId : stream;

function streamIn(wire: WireStream | undefined): Stream {
  if (wire === undefined) throw new OffhookError('bad_reply', 'The server answered without a stream.');
  return streamOf(wire);
}
