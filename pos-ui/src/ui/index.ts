// The kit: dumb parts that know no domain.
// Invariant: imports nothing but model/, styles/ and locales/.
export { default as UiButton } from './UiButton.vue'
export { default as UiChip } from './UiChip.vue'
export { default as UiMoney } from './UiMoney.vue'
export { default as UiNumberPad } from './UiNumberPad.vue'
export { default as UiReduction } from './UiReduction.vue'
export { default as UiRows } from './UiRows.vue'
export { default as UiSeal } from './UiSeal.vue'
export { default as UiSheet } from './UiSheet.vue'
export { default as UiStrip } from './UiStrip.vue'
export { default as UiTag } from './UiTag.vue'
