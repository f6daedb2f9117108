import { createApp } from 'vue'
import '../src/styles/base.css'
import '../src/locales/console'
// The words for notices, languages and themes are the till's own.
import '../src/locales/operator'
import { prepare } from '../src/device/prepare'
import App from '../src/console/App.vue'

void prepare('console').then(() => createApp(App).mount('#app'))
