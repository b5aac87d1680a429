// Where each page lives. Everything but the home page is loaded when it is first opened.
import { createRouter, createWebHashHistory } from 'vue-router'
import HomePage from './pages/home/HomePage.vue'

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', name: 'home', component: HomePage },
    { path: '/organisations', component: () => import('./pages/organisations/OrganisationsPage.vue') },
    { path: '/organisations/new', component: () => import('./pages/organisations/OrganisationNew.vue') },
    { path: '/organisations/:id', component: () => import('./pages/organisations/OrganisationPage.vue'), props: true },
    { path: '/enterprises', component: () => import('./pages/enterprises/EnterprisesPage.vue') },
    { path: '/enterprises/new', component: () => import('./pages/enterprises/EnterpriseNew.vue') },
    { path: '/enterprises/:id', component: () => import('./pages/enterprises/EnterprisePage.vue'), props: true },
    { path: '/members', component: () => import('./pages/members/MembersPage.vue') },
    { path: '/members/join', component: () => import('./pages/members/JoinPage.vue') },
    { path: '/members/import', component: () => import('./pages/members/ImportPage.vue') },
    { path: '/members/imports', component: () => import('./pages/members/BatchesPage.vue') },
    { path: '/members/:id', component: () => import('./pages/members/MemberPage.vue'), props: true },
    { path: '/cards', component: () => import('./pages/cards/CardsPage.vue') },
    { path: '/cards/order', component: () => import('./pages/cards/OrderPage.vue') },
    { path: '/cards/numbers', component: () => import('./pages/cards/NumbersPage.vue') },
    { path: '/cards/verify', component: () => import('./pages/cards/VerifyPage.vue') },
    { path: '/cards/:id', component: () => import('./pages/cards/CardPage.vue'), props: true },
    { path: '/transfers', component: () => import('./pages/transfers/TransfersPage.vue') },
    { path: '/transfers/accept', component: () => import('./pages/transfers/AcceptPage.vue') },
    { path: '/transfers/:id', component: () => import('./pages/transfers/TransfersPage.vue'), props: true },
    { path: '/ledgers/:kind', component: () => import('./pages/ledgers/LedgerList.vue'), props: true },
    { path: '/ledgers/:kind/new', component: () => import('./pages/ledgers/LedgerNew.vue'), props: true },
    { path: '/ledgers/:kind/:id', component: () => import('./pages/ledgers/LedgerPage.vue'), props: true },
    { path: '/sync', component: () => import('./pages/sync/SyncPage.vue') },
    { path: '/offices', component: () => import('./pages/sync/OfficesPage.vue') },
    { path: '/settings', component: () => import('./pages/settings/SettingsPage.vue') },
    { path: '/kit', component: () => import('./pages/settings/KitAgain.vue') },
    { path: '/log', component: () => import('./pages/settings/LogPage.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
