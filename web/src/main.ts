import { loadCore } from './core';
import { Flow } from './flow';
import { applyTheme, theme } from './theme';
import './app';

applyTheme(theme());
const app = document.querySelector('kf-app');
try {
  await loadCore();
  const flow = new Flow();
  if (app) app.flow = flow;
  await flow.start();
} catch {
  // Without WebAssembly no rule can be checked here, so nothing is offered.
  app?.fail();
}
