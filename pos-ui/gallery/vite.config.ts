// The gallery: every part of the kit in every theme and state. For development; never embedded.
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [vue()],
  css: { transformer: 'lightningcss' },
  server: { fs: { allow: ['..'] }, port: 5174 },
})
