import { createApp } from 'vue'
import '../src/styles/base.css'
import '../src/locales/operator'
import { prepare } from '../src/device/prepare'
import App from '../src/operator/App.vue'

void prepare('operator').then(() => createApp(App).mount('#app'))
