// Opens the window.
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { words } from './words'
import './look/tokens.css'
import './look/base.css'
import './look/element.css'

createApp(App).use(words).use(router).mount('#app')
