// How the console talks to the server: who is signed in, and the public REST interface with tokens that live for two minutes.
// Tokens stay in this module's memory; the session is a cookie that scripts cannot see.

/** Nobody is signed in, or the session is over. `dev`: the server runs in development mode. */
export class SignedOut extends Error {
  constructor(readonly dev: boolean) { super('Nobody is signed in.'); }
}

/** The server said no, with a stable word and a sentence for people. */
export class Refused extends Error {
  constructor(readonly status: number, readonly word: string, message: string) { super(message); }
}

/** No answer: the server is gone, or the network. */
export class Unreachable extends Error {}

export interface Who { user: string; expires_in_ms: number; dev?: boolean }

interface Token { text: string; goodUntil: number }
interface Seen { tag: string; body: unknown }

const PATIENCE_MS = 10_000;
const RENEW_BEFORE_MS = 20_000;
const MOST_SEEN = 40;  // answers kept to be compared with the next ones
const OPERATOR = '';

async function send(path: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...options, credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Unreachable('The server cannot be reached.');
  }
}

interface Said { error?: string; message?: string; dev?: boolean }

async function bodyOf(answer: Response): Promise<unknown> {
  const body = await answer.json().catch(() => ({})) as Said;
  if (answer.ok) return body;
  if (body.error === 'signed_out') throw new SignedOut(body.dev === true);
  if (answer.status >= 502) throw new Unreachable('The server cannot be reached.');
  throw new Refused(answer.status, body.error ?? '', body.message ?? `The server answered ${answer.status}.`);
}

async function ownPost(path: string, body?: object): Promise<unknown> {
  const headers = { 'X-Offhook-Console': '1', 'Content-Type': 'application/json' };
  return bodyOf(await send(path, { method: 'POST', headers, ...(body ? { body: JSON.stringify(body) } : {}) }));
}

export class Api {
  project = OPERATOR;
  readonly #tokens = new Map<string, Token>();
  readonly #seen = new Map<string, Seen>();

  async who(): Promise<Who> { return await bodyOf(await send('/console/session', {})) as Who; }
  async signIn(user: string, password: string): Promise<Who> { return await ownPost('/console/login', { user, password }) as Who; }

  async signOut(): Promise<void> {
    this.forget();
    await ownPost('/console/logout');
  }

  /** What was learnt under another project or session. */
  forget(): void {
    this.#tokens.clear();
    this.#seen.clear();
  }

  /** Of the project that is chosen. The very same object as before means that nothing has changed. */
  get<Body>(path: string): Promise<Body> { return this.#ask('GET', path, this.project) as Promise<Body>; }
  /** Of the server as a whole. */
  getAsOperator<Body>(path: string): Promise<Body> { return this.#ask('GET', path, OPERATOR) as Promise<Body>; }
  change(method: 'POST' | 'DELETE', path: string): Promise<unknown> { return this.#ask(method, path, this.project); }

  async #ask(method: string, path: string, owner: string): Promise<unknown> {
    const key = `${owner} ${path}`;
    const seen = method === 'GET' ? this.#seen.get(key) : undefined;
    const attempt = async () => send(path, {
      method, headers: { Authorization: `Bearer ${await this.#token(owner)}`, ...(seen ? { 'If-None-Match': seen.tag } : {}) },
    });
    let answer = await attempt();
    if (answer.status === 401) {  // the server has started again, or the secret has been changed
      this.#tokens.delete(owner);
      answer = await attempt();
    }
    if (answer.status === 304 && seen) return seen.body;
    const body = await bodyOf(answer);
    const tag = answer.headers.get('ETag');
    if (method === 'GET' && tag) this.#remember(key, { tag, body });
    return body;
  }

  #remember(key: string, seen: Seen): void {
    this.#seen.delete(key);
    this.#seen.set(key, seen);
    const oldest = this.#seen.keys().next();
    if (this.#seen.size > MOST_SEEN && !oldest.done) this.#seen.delete(oldest.value);
  }

  async #token(owner: string): Promise<string> {
    const known = this.#tokens.get(owner);
    if (known && known.goodUntil > performance.now()) return known.text;
    const asked = performance.now();
    const query = owner === OPERATOR ? '' : `?project=${encodeURIComponent(owner)}`;
    const { token, expires_in_ms } = await ownPost(`/console/token${query}`) as { token: string; expires_in_ms: number };
    this.#tokens.set(owner, { text: token, goodUntil: asked + Math.max(expires_in_ms - RENEW_BEFORE_MS, 1_000) });
    return token;
  }
}
