import { createApp } from 'vue'
import '../src/styles/base.css'
import '../src/locales/customer'
import { prepare } from '../src/device/prepare'
import App from '../src/customer/App.vue'

void prepare('customer').then(() => createApp(App).mount('#app'))
