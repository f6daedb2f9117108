import { createApp } from 'vue'
import '../src/styles/base.css'
import '../src/locales/kiosk'
import { prepare } from '../src/device/prepare'
import App from '../src/kiosk/App.vue'
import { kioskUnitPx } from '../src/kiosk/profile'

void prepare('kiosk', kioskUnitPx).then(() => createApp(App).mount('#app'))
