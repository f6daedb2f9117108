import { createApp } from 'vue'
import '../src/styles/base.css'
import '../src/locales/devices'
import { prepare } from '../src/device/prepare'
import App from '../src/devices/App.vue'

void prepare('devices').then(() => createApp(App).mount('#app'))
