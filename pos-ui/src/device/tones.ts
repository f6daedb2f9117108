// The four meanings a till can say, and `paid`. They differ in rhythm, not only in pitch.

/** One note: hertz, milliseconds, shape; a note may slide to a second frequency. */
export interface Note {
  hz: number
  slideToHz?: number
  ms: number
  gapMs?: number
  shape: OscillatorType
}

export type Tone = 'ok' | 'again' | 'ask' | 'miss' | 'block' | 'paid'

const missed: Note = { hz: 220, slideToHz: 165, ms: 280, gapMs: 60, shape: 'square' }

export const TONES: Record<Tone, readonly Note[]> = {
  ok: [{ hz: 1175, ms: 45, shape: 'sine' }],
  again: [{ hz: 1319, ms: 45, shape: 'sine' }],
  ask: [
    { hz: 440, ms: 70, gapMs: 60, shape: 'triangle' },
    { hz: 440, ms: 70, shape: 'triangle' },
  ],
  miss: [missed],
  block: [missed, missed, missed],
  paid: [
    { hz: 587, ms: 90, shape: 'sine' },
    { hz: 880, ms: 90, shape: 'sine' },
    { hz: 1175, ms: 140, shape: 'sine' },
  ],
}
