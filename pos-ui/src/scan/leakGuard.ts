// The first key of a scan reaches whatever has the focus. This puts it back.

type Field = HTMLInputElement | HTMLTextAreaElement

function focusedField(): Field | null {
  const active = document.activeElement
  return active instanceof HTMLInputElement || active instanceof HTMLTextAreaElement ? active : null
}

/** Remembers the focused field at the first key of a burst and restores it when the burst was a scan. */
export function createLeakGuard() {
  let field: Field | null = null
  let before = ''

  return {
    arm() {
      field = focusedField()
      before = field?.value ?? ''
    },
    restore() {
      if (!field || field.value === before) return
      field.value = before
      field.dispatchEvent(new Event('input', { bubbles: true }))
    },
  }
}

/** Types characters into the focused field as a person would have; false when no field has the focus. */
export function typeIntoField(text: string): boolean {
  const field = focusedField()
  if (!field || field.readOnly || field.disabled) return false
  const start = field.selectionStart ?? field.value.length
  field.setRangeText(text, start, field.selectionEnd ?? start, 'end')
  field.dispatchEvent(new Event('input', { bubbles: true }))
  return true
}
