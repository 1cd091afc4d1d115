// The media of one call: microphone and camera, one peer connection over the call's session, and what the server must be told.
//
// Microphone and camera are asked for while the call is set up; nothing is negotiated before the answer is recorded, because the
// session is not joined earlier.
import type { CallAction, SessionNews } from '../engine/types';
import { OffhookError } from '../errors';
import type { CommandBody, IceServer, MediaFailure, Reply, SessionEvent, WireConnection, WireStream } from '../protocol';
import { openDevices, setEnabled, stopAll } from './devices';
import { Peer } from './peer';

export interface MediaHost {
  request(body: CommandBody): Promise<Reply>;
  iceServers(): IceServer[];
  report(action: CallAction): void;
  onLocalStream(stream: MediaStream): void;
  onRemoteStream(stream: MediaStream): void;
  onError(error: OffhookError): void;
  onChange(): void;
}

export class CallMedia {
  readonly #kind: 'audio' | 'video';
  readonly #host: MediaHost;
  #opening: Promise<void> | undefined;
  #isAnswered = false;
  #isStopped = false;
  #failure: MediaFailure | undefined;
  #local: MediaStream | undefined;
  #remote: MediaStream | undefined;
  #peer: Peer | undefined;
  #sessionId: string | undefined;
  #ownConnection: string | undefined;
  #peerConnection: string | undefined;
  #streamId: string | undefined;      // of what is published
  #wasPublished = false;              // in this connection; the answer may still be on its way
  #muted = false;
  #cameraOff = false;
  peerHas: { audio: boolean; video: boolean } | undefined;

  constructor(kind: 'audio' | 'video', host: MediaHost) {
    this.#kind = kind;
    this.#host = host;
  }

  get localStream(): MediaStream | undefined { return this.#local; }
  get remoteStream(): MediaStream | undefined { return this.#remote; }
  get isMuted(): boolean { return this.#muted; }
  get isCameraOff(): boolean { return this.#cameraOff; }

  // --- microphone and camera

  open(): Promise<void> {
    this.#opening ??= this.#openDevices();
    return this.#opening;
  }

  async #openDevices(): Promise<void> {
    try {
      const stream = await openDevices(this.#kind);
      // The person may have hung up while the browser was asking.
      if (this.#isStopped) return stopAll(stream);
      this.#local = stream;
      this.#applyMutes();
      this.#host.onLocalStream(stream);
      this.#peer?.addTracks(stream);
      this.#publish();
    } catch (error) {
      if (!this.#isStopped) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const isRefusal = error instanceof Error && (error.name === 'NotAllowedError' || error.name === 'SecurityError');
    this.#failure = isRefusal ? 'permission' : 'device';
    const message = error instanceof Error ? error.message : String(error);
    this.#host.onError(new OffhookError(this.#failure, message));
    this.#reportFailure();
  }

  /** The server takes it only once the call is answered. */
  #reportFailure(): void {
    if (this.#failure && this.#isAnswered && !this.#isStopped) this.#host.report({ do: 'media_failed', reason: this.#failure });
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#onMutes();
  }

  setCameraOff(off: boolean): void {
    this.#cameraOff = off;
    this.#onMutes();
  }

  #onMutes(): void {
    this.#applyMutes();
    if (this.#streamId === undefined || this.#sessionId === undefined || this.#isStopped) return;
    this.#ask({ type: 'update_stream', session_id: this.#sessionId, stream_id: this.#streamId, ...this.#flags() });
  }

  #applyMutes(): void {
    if (this.#local) setEnabled(this.#local, { audio: !this.#muted, video: !this.#cameraOff });
  }

  #flags(): { has_audio: boolean; has_video: boolean } {
    return { has_audio: !this.#muted, has_video: this.#kind === 'video' && !this.#cameraOff };
  }

  // --- the call

  onAnswered(): void {
    this.#isAnswered = true;
    void this.open();
    this.#reportFailure();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#peer?.close();
    if (this.#local) stopAll(this.#local);
  }

  // --- the call's session

  onSessionNews(news: SessionNews): void {
    if (this.#isStopped) return;
    switch (news.name) {
      case 'session_connected': return this.#onJoined(news);
      case 'session_disconnected': return;  // the call's end says what to do
      case 'session_event': return this.#onEvent(news.event);
    }
  }

  /** Also after the server has forgotten this client, with new connection ids; the peer connection goes on. */
  #onJoined(news: Extract<SessionNews, { name: 'session_connected' }>): void {
    this.#sessionId = news.session_id;
    this.#ownConnection = news.connection.connection_id;
    this.#streamId = undefined;
    this.#wasPublished = false;
    this.#publish();
    for (const connection of news.connections) this.#meet(connection);
    for (const stream of news.streams) this.#onPeerStream(stream);
  }

  #onEvent(event: SessionEvent): void {
    switch (event.type) {
      case 'connection_created': return this.#meet(event.connection);
      case 'stream_created':
      case 'stream_updated': return this.#onPeerStream(event.stream);
      case 'negotiation':
        if (event.from === this.#peerConnection) void this.#peer?.onNegotiation(event);
        return;
      default: return;
    }
  }

  #meet({ connection_id }: WireConnection): void {
    this.#peerConnection = connection_id;
    // Of two connections the one with the greater id is polite.
    const isPolite = this.#ownConnection! > connection_id;
    if (this.#peer) return this.#peer.restart(isPolite);
    this.#peer = this.#makePeer(isPolite);
    if (this.#local) this.#peer?.addTracks(this.#local);
  }

  #makePeer(isPolite: boolean): Peer | undefined {
    if (typeof RTCPeerConnection === 'undefined') {
      this.#fail(new Error('There is no WebRTC here.'));
      return undefined;
    }
    return new Peer(this.#host.iceServers(), isPolite, {
      send: (part) => {
        this.#ask({ type: 'negotiate', session_id: this.#sessionId!, to: this.#peerConnection!, ...part });
      },
      onStream: (stream) => { this.#remote = stream; this.#host.onRemoteStream(stream); },
      onReceiving: (isReceiving) => this.#host.report({ do: isReceiving ? 'media_up' : 'media_down' }),
      onFailed: () => this.#onIceFailed(),
    });
  }

  #onIceFailed(): void {
    this.#failure = 'ice_failed';
    this.#host.onError(new OffhookError('ice_failed', 'No way through the network was found for sound and picture.'));
    this.#reportFailure();
  }

  #onPeerStream(stream: WireStream): void {
    if (stream.connection_id === this.#ownConnection) return;
    this.peerHas = { audio: stream.has_audio, video: stream.has_video };
    this.#host.onChange();
  }

  /** Tells the other side what is sent; once for each connection. */
  #publish(): void {
    const sessionId = this.#sessionId;
    if (sessionId === undefined || this.#local === undefined || this.#wasPublished) return;
    this.#wasPublished = true;
    const connection = this.#ownConnection;
    const flags = this.#flags();
    this.#host.request({ type: 'publish', session_id: sessionId, ...flags }).then((reply) => {
      if (connection !== this.#ownConnection) return;
      this.#streamId = reply.stream?.stream_id;
      const now = this.#flags();  // pressed in the meantime?
      if (now.has_audio !== flags.has_audio || now.has_video !== flags.has_video) this.#onMutes();
    }, () => {});
  }

  /** A refusal means that the call or the connection has gone, which is told in other ways. */
  #ask(body: CommandBody): void {
    this.#host.request(body).catch(() => {});
  }
}
