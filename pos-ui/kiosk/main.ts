import { createApp } from 'vue'
import '../src/styles/base.css'
import '../src/locales/kiosk'
import { prepare } from '../src/device/prepare'
import App from '../src/kiosk/App.vue'

void prepare('kiosk').then(() => createApp(App).mount('#app'))
