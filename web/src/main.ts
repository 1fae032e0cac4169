import { loadCore } from './core';
import { Flow } from './flow';
import { applyTheme, theme } from './theme';
import './app';

applyTheme(theme());
const app = document.querySelector('kf-app');
const ready = await loadCore().then(
  () => true,
  () => false,
);
// Without WebAssembly no rule can be checked here, so nothing is offered.
if (!ready) app?.fail();
else if (app) {
  app.flow = new Flow();
  await app.flow.start();
}
