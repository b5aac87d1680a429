// Opens the window.
import { createApp } from 'vue'
import App from './App.vue'
import { loadState } from './office/state'
import { router } from './router'
import { words } from './words'
import './look/tokens.css'
import './look/base.css'

// The first page is the one that fits the office. An office that takes longer to answer is waited for on a page that says so.
const PATIENCE = 400

const app = createApp(App).use(words).use(router)
void Promise.race([loadState(), new Promise((done) => window.setTimeout(done, PATIENCE))]).then(() => app.mount('#app'))
