// Settings whose value is more than a word or a number: an order, a key, a playlist.
// Each kind gives its text, a value to begin with, and a control that says what somebody makes of it.

/** `{say, make, ask}` are the page's own. */
export function richFields({ say, make, ask }) {
  const PLAYLIST_SECONDS = 8
  const DAY_MINUTES = 1440

  const button = (text, label, act, disabled = false) => make('button', { type: 'button', kind: 'small', text, title: label, ariaLabel: label, disabled, onclick: act })
  /** A copy with the one at `from` moved to `to`. */
  const moved = (list, from, to) => {
    const next = [...list]
    next.splice(to, 0, ...next.splice(from, 1))
    return next
  }
  const steps = (list, place, set) => [
    button('↑', say('moveUp'), () => set(moved(list, place, place - 1)), place === 0),
    button('↓', say('moveDown'), () => set(moved(list, place, place + 1)), place === list.length - 1),
  ]
  /** Draws itself anew with each value that somebody makes. */
  function redrawn(value, label, set, rows) {
    const box = make('div', { role: 'group', ariaLabel: label })
    const draw = (next) => {
      value = next
      box.replaceChildren(...rows(value, (changed) => {
        set(changed)
        draw(changed)
      }))
    }
    draw(value)
    return box
  }

  const wayOf = (way) => ({ cash: () => say('wayCash'), code: () => say('payCode'), voucher: () => say('vouchers'), member: () => say('member') })[way]?.() ?? way
  const order = {
    text: (_, value) => (value.length ? value.map(wayOf).join(' → ') : say('empty')),
    first: [],
    control: (setting, value, label, set) => redrawn([...value, ...setting.words.filter((word) => !value.includes(word))], label, set, (ways, change) => [
      make('ol', { kind: 'plain' }, ...ways.map((way, place) => make('li', { kind: 'row' }, make('span', { text: wayOf(way) }), ...steps(ways, place, change)))),
    ]),
  }

  const capOf = (chord) => chord.replace('Numpad', say('pad')).replace('Add', ' +').replace('Subtract', ' −').replace('Multiply', ' ×').replace('Divide', ' ÷').replace('Key', '')
  const key = {
    text: (_, value) => capOf(value),
    first: '',
    control(setting, value, label, set) {
      const select = make('select', { ariaLabel: label, onchange: (event) => set(setting.words[event.target.selectedIndex]) }, ...setting.words.map((chord) => make('option', { text: capOf(chord) })))
      select.selectedIndex = setting.words.indexOf(value)
      return select
    },
  }

  // What is held is asked for before anything is drawn, and each picture once.
  let held = null
  const seen = new Map()
  const nameOf = (picture) => held?.find((one) => one.picture === picture)?.name ?? picture.slice(0, 12)
  async function hold() {
    held ??= await ask('/hq/v1/pictures')
    return held
  }
  async function shown(image, picture) {
    if (!seen.has(picture)) {
      const blob = await ask(`/hq/v1/pictures/${picture}`, { as: 'blob' })
      seen.set(picture, await new Promise((resolve, reject) => {
        const reader = new FileReader()
        reader.onload = () => resolve(reader.result)
        reader.onerror = reject
        reader.readAsDataURL(blob)
      }))
    }
    image.src = seen.get(picture)
  }
  const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
  const minutesOf = (text) => {
    const [h, m] = text.split(':').map(Number)
    return h * 60 + m
  }
  const playlist = {
    text: (_, value) => (value.length ? value.map((slide) => `${nameOf(slide.picture)} ${say('forSeconds', slide.seconds)}${slide.from_minutes !== undefined || slide.to_minutes !== undefined ? ` ${clock(slide.from_minutes ?? 0)}–${clock(slide.to_minutes ?? DAY_MINUTES)}` : ''}`).join(' / ') : say('empty')),
    first: [],
    control(setting, value, label, set) {
      const told = make('p', { kind: 'bad', role: 'alert', hidden: true })
      const tell = (error) => {
        told.textContent = error?.message ?? ''
        told.hidden = !error
      }
      const list = redrawn(value, label, set, (slides, change) => {
        const at = (place, next) => change(slides.map((slide, n) => (n === place ? next : slide)))
        const row = (slide, place) => {
          const image = make('img', { kind: 'thumb', alt: nameOf(slide.picture) })
          shown(image, slide.picture).catch(tell)
          const time = (name, what) => make('input', { type: 'time', ariaLabel: what, value: slide[name] === undefined || slide[name] === DAY_MINUTES ? '' : clock(slide[name]), onchange: (event) => {
            const { [name]: _, ...rest } = slide
            at(place, event.target.value === '' ? rest : { ...rest, [name]: minutesOf(event.target.value) })
          } })
          return make('li', { kind: 'row slide' }, image,
            make('span', { text: nameOf(slide.picture) }),
            make('input', { type: 'number', kind: 'short', min: 3, max: 120, value: slide.seconds, ariaLabel: say('seconds'), onchange: (event) => at(place, { ...slide, seconds: Number(event.target.value) }) }),
            make('span', { text: say('seconds') }), time('from_minutes', say('fromTime')), make('span', { text: '–' }), time('to_minutes', say('toTime')),
            ...steps(slides, place, change), button('×', say('takeDown'), () => change(slides.filter((_, n) => n !== place))))
        }
        const add = (picture) => change([...slides, { picture, seconds: PLAYLIST_SECONDS }])
        const choose = make('select', { ariaLabel: say('addHeld'), onchange: (event) => event.target.value && add(event.target.value) }, make('option', { value: '', text: say('addHeld') }), ...(held ?? []).map((one) => make('option', { value: one.picture, text: `${one.name} (${one.width} × ${one.height})` })))
        const file = make('input', { type: 'file', accept: 'image/jpeg,image/png,image/webp', ariaLabel: say('addFile'), onchange: async (event) => {
          const [chosen] = event.target.files
          if (!chosen) return
          tell(null)
          try {
            const name = chosen.name.replace(/\.[^.]*$/, '').slice(0, 80)
            const added = await ask(`/hq/v1/pictures?name=${encodeURIComponent(name)}`, { method: 'POST', body: chosen })
            held = await ask('/hq/v1/pictures')
            add(added.picture)
          } catch (error) {
            tell(error)
          }
        } })
        const isFull = slides.length >= setting.max
        return [make('ol', { kind: 'plain' }, ...slides.map(row)), make('div', { kind: 'row' }, !isFull && choose, !isFull && make('label', { kind: 'inline' }, make('span', { text: say('addFile') }), file))]
      })
      return make('div', {}, list, told)
    },
  }

  return { kinds: { order, key, playlist }, hold }
}
