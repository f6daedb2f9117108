import { createApp } from 'vue'
import '../src/styles/base.css'
import '../src/locales/phone'
import { prepare } from '../src/device/prepare'
import App from '../src/phone/App.vue'

void prepare('phone').then(() => createApp(App).mount('#app'))
