// The time of this box, once a second, for "since when" and clocks.
import { onScopeDispose, ref, type Ref } from 'vue'

/** Milliseconds since 1970, renewed every second while the calling component lives. */
export function useNow(everyMs = 1000): Readonly<Ref<number>> {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), everyMs)
  onScopeDispose(() => clearInterval(timer))
  return now
}
