// Plays tones with WebAudio and keeps a log of them, because a test can read a log and not a speaker.
import { TONES, type Tone } from './tones'

declare global {
  interface Window {
    /** The last tones played, oldest first. */
    __tones?: Tone[]
  }
}

/** −12 dB, so that the loudest tone stays under the shop's own noise and never clips. */
const GAIN = 0.25
const LOG_MAX = 200

let context: AudioContext | undefined

/** Plays a tone and logs it. A browser without sound still logs. */
export function play(tone: Tone): void {
  const log = (window.__tones ??= [])
  log.push(tone)
  if (log.length > LOG_MAX) log.shift()
  if (typeof AudioContext === 'undefined') return
  context ??= new AudioContext()
  if (context.state === 'suspended') void context.resume()
  let at = context.currentTime
  for (const note of TONES[tone]) {
    const oscillator = context.createOscillator()
    const gain = context.createGain()
    const end = at + note.ms / 1000
    oscillator.type = note.shape
    oscillator.frequency.setValueAtTime(note.hz, at)
    if (note.slideToHz) oscillator.frequency.linearRampToValueAtTime(note.slideToHz, end)
    // A square sounds louder than a sine of the same height; the ramps keep the speaker from clicking.
    gain.gain.setValueAtTime(0, at)
    gain.gain.linearRampToValueAtTime(note.shape === 'square' ? GAIN / 3 : GAIN, at + 0.004)
    gain.gain.setValueAtTime(note.shape === 'square' ? GAIN / 3 : GAIN, end - 0.006)
    gain.gain.linearRampToValueAtTime(0, end)
    oscillator.connect(gain).connect(context.destination)
    oscillator.start(at)
    oscillator.stop(end)
    at = end + (note.gapMs ?? 0) / 1000
  }
}
