// Ringing, made of sine waves: no files. Browsers let a page sound only after somebody has touched it; until then the tone
// waits, and begins in the middle of the ringing once that happens.

export type Tone = 'incoming' | 'outgoing';

interface Note { at: number; seconds: number; hertz: number[]; gain: number }
interface Score { period: number; notes: Note[] }

const SCORES: Record<Tone, Score> = {
  incoming: {
    period: 3,
    notes: [0, 0.22, 0.44, 0.9, 1.12, 1.34].map((at, index) => ({ at, seconds: 0.5, hertz: index % 3 === 2 ? [784, 1568] : [659, 1318], gain: 0.22 })),
  },
  outgoing: { period: 5, notes: [{ at: 0, seconds: 1, hertz: [425], gain: 0.08 }] },
};

/** A tone that fades in within 15 ms, so that it does not click; short notes die away like a bell, long ones stay. */
function level(note: Note, time: number): number {
  const rise = Math.min(1, time / 0.015);
  const fall = note.seconds < 1 ? Math.exp(-6 * time / note.seconds) : Math.min(1, (note.seconds - time) / 0.03);
  return note.gain * rise * fall;
}

function render(context: AudioContext, score: Score): AudioBuffer {
  const buffer = context.createBuffer(1, Math.round(score.period * context.sampleRate), context.sampleRate);
  const samples = buffer.getChannelData(0);
  for (const note of score.notes) {
    const begin = Math.round(note.at * context.sampleRate);
    const end = Math.min(samples.length, begin + Math.round(note.seconds * context.sampleRate));
    for (let i = begin; i < end; ++i) {
      const time = (i - begin) / context.sampleRate;
      const wave = note.hertz.reduce((sum, hertz, overtone) => sum + Math.sin(2 * Math.PI * hertz * time) / (overtone + 1) ** 2, 0);
      samples[i] = (samples[i] ?? 0) + level(note, time) * wave;
    }
  }
  return buffer;
}

export class Sounds {
  /** Told when the answer of `audible` may have changed. */
  onChange: () => void = () => {};
  #context: AudioContext | undefined;
  #tone: Tone | undefined;
  #source: AudioBufferSourceNode | undefined;

  constructor() {
    for (const touch of ['pointerdown', 'keydown']) document.addEventListener(touch, () => this.#wake(), { capture: true });
  }

  get audible(): boolean { return this.#context?.state === 'running'; }

  /** Rings with this tone until another one is asked for; undefined: silence. */
  ring(tone: Tone | undefined): void {
    if (tone === this.#tone) return;
    this.#tone = tone;
    this.#source?.stop();
    this.#source = undefined;
    if (!tone) return;
    const context = this.#wake();
    const source = context.createBufferSource();
    source.buffer = render(context, SCORES[tone]);
    source.loop = true;
    source.connect(context.destination);
    source.start();
    this.#source = source;
  }

  #wake(): AudioContext {
    if (!this.#context) {
      this.#context = new AudioContext();
      this.#context.onstatechange = () => this.onChange();
    }
    if (this.#context.state === 'suspended') void this.#context.resume();
    return this.#context;
  }
}
