// Transcripts (tests/transcripts/README.md): the parser, the names that bind, and the matching of messages.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };
export type Verb = 'do' | 'send' | 'recv' | 'see' | 'link' | 'start' | 'end' | 'drain' | 'end_call' | 'push' | 'push_answer' | 'push_stop';

export interface Line {
  where: string;
  atMs: number;
  party: string;
  verb: Verb;
  word: string;        // of do the action, of send and recv the message type, of see the event, of link the state
  args: string[];
  object: JsonObject;
}

export interface Party { name: string; user: string; device: string; push: string | undefined; isLater: boolean }

export interface Transcript {
  title: string;
  skipsClient: boolean;
  parties: Party[];
  settings: [name: string, value: string][];
  clientSettings: [name: string, value: string][];
  lines: Line[];
}

const VERBS: string[] = ['do', 'send', 'recv', 'see', 'link', 'start', 'drain', 'end_call', 'push', 'push_answer', 'push_stop'];

/** `readFile` gives the text of a file by its path below the folder of transcripts. Throws with file and line. */
export function parseTranscript(file: string, readFile: (path: string) => string): Transcript {
  const transcript: Transcript = { title: '', skipsClient: false, parties: [], settings: [], clientSettings: [], lines: [] };
  readLines(transcript, file, readFile);
  if (!transcript.title || transcript.lines.length === 0) throw new Error(`${file}: a title and a line are needed`);
  return transcript;
}

function readLines(transcript: Transcript, file: string, readFile: (path: string) => string): void {
  readFile(file).split('\n').forEach((text, index) => {
    const where = `${file}:${index + 1}`;
    const brace = text.indexOf('{');
    const words = (brace < 0 ? text : text.slice(0, brace)).split(/\s+/).filter((word) => word !== '');
    if (words.length === 0 || text.startsWith('#')) return;
    if (words[0] === 'include') return readLines(transcript, words[1]!, readFile);
    if (/^[\d.]+$/.test(words[0]!)) {
      transcript.lines.push(timedLine(where, words, brace < 0 ? {} : JSON.parse(text.slice(brace)) as JsonObject));
    } else {
      readHeader(transcript, where, words, text);
    }
  });
}

function readHeader(transcript: Transcript, where: string, words: string[], text: string): void {
  const [word, first = '', second = ''] = words;
  switch (word) {
    case 'title': transcript.title = text.slice('title '.length); return;
    case 'skip': if (first === 'client') transcript.skipsClient = true; return;
    case 'setting': transcript.settings.push([first, second]); return;
    case 'clientsetting': transcript.clientSettings.push([first, second]); return;
    case 'client':
      transcript.parties.push({
        name: first, user: named(words, 'user')!, device: named(words, 'device')!, push: named(words, 'push'), isLater: words.includes('later'),
      });
      return;
    default: throw new Error(`${where}: not understood: ${text}`);
  }
}

function timedLine(where: string, words: string[], object: JsonObject): Line {
  const [time, party = '', verb = '', word = '', ...args] = words;
  const atMs = Math.round(Number(time) * 1000);
  if (party === 'end' && words.length === 2) return { where, atMs, party: '', verb: 'end', word: '', args: [], object };
  if (!VERBS.includes(verb)) throw new Error(`${where}: there is no verb ${verb}`);
  return { where, atMs, party, verb: verb as Verb, word, args, object };
}

/** The value of `name=value` among words. */
export function named(words: string[], name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** What the `$names` of a transcript stand for. */
export class Names {
  readonly #bound = new Map<string, string>();
  #made = 0;

  /** With every name replaced; an unbound one is made up. */
  filled<T extends Json>(value: T): T {
    if (typeof value === 'string') return this.#text(value) as T;
    if (Array.isArray(value)) return value.map((item) => this.filled(item)) as T;
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.filled(item)])) as T;
    }
    return value;
  }

  #text(text: string): string {
    if (!text.startsWith('$')) return text;
    const bound = this.#bound.get(text) ?? this.#makeUp(text);
    this.#bound.set(text, bound);
    return bound;
  }

  #makeUp(name: string): string {
    const kind = /^\$(call|sess|conn|strm|expn|clnt)/.exec(name)?.[1];
    if (kind === undefined) return name.slice(1);
    this.#made += 1;
    return `${kind}_${this.#made.toString(8).replace(/[01]/g, (digit) => (digit === '0' ? 'a' : 'b')).padStart(26, 'a')}`;
  }

  /** Nothing if every field of `wanted` is in `found` and equal; otherwise what differs. Binds names. */
  mismatch(wanted: Json, found: Json | undefined, path = ''): string | undefined {
    const differ = `${path || 'it'} is ${JSON.stringify(found)} and should be ${JSON.stringify(wanted)}`;
    if (found === undefined) return wanted === null ? undefined : `${path} is missing`;
    if (Array.isArray(wanted)) {
      if (!Array.isArray(found) || found.length !== wanted.length) return differ;
      return firstOf(wanted.map((item, index) => this.mismatch(item, found[index], `${path}[${index}]`)));
    }
    if (typeof wanted === 'object' && wanted !== null) {
      if (typeof found !== 'object' || found === null || Array.isArray(found)) return differ;
      return firstOf(Object.entries(wanted).map(([name, item]) => this.mismatch(item, found[name], path ? `${path}.${name}` : name)));
    }
    if (typeof wanted === 'string' && wanted.startsWith('$') && typeof found === 'string') {
      const bound = this.#bound.get(wanted) ?? found;
      this.#bound.set(wanted, bound);
      return bound === found ? undefined : `${path} is ${found}, but ${wanted} stands for ${bound}`;
    }
    return wanted === found ? undefined : differ;
  }
}

const firstOf = (problems: (string | undefined)[]): string | undefined => problems.find((problem) => problem !== undefined);
