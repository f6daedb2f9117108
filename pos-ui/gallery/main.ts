import { createApp } from 'vue'
import '../src/styles/base.css'
import '../src/locales/every-room'
import { prepare } from '../src/device/prepare'
import Gallery from './Gallery.vue'

void prepare('devices').then(() => createApp(Gallery).mount('#app'))
