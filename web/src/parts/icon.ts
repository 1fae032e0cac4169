import { html, type SVGTemplateResult, svg, type TemplateResult } from 'lit';

const PATHS = {
  check: svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`,
  ask: svg`<path d="M9 9a3 3 0 1 1 4.2 3c-.8.4-1.200.9-1.2 2M12 17.5v.3"/>`,
  cross: svg`<path d="M7 7l10 10M17 7L7 17"/>`,
  error: svg`<circle cx="12" cy="12" r="9"/><path d="M9 9l6 6M15 9l-6 6"/>`,
  warning: svg`<path d="M12 4L2.8 20h18.4z"/><path d="M12 10v4.5M12 17.2v.3"/>`,
  unchecked: svg`<circle cx="12" cy="12" r="9"/><path d="M9.6 9.4a2.5 2.5 0 1 1 3.4 2.9c-.7.3-1 .8-1 1.7M12 17v.3"/>`,
  note: svg`<circle cx="12" cy="12" r="9"/><path d="M12 11v6M12 7.2v.3"/>`,
  key: svg`<circle cx="8" cy="12" r="4"/><path d="M12 12h9M18 12v3.5M15 12v2.5"/>`,
  lock: svg`<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>`,
  open: svg`<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 7.5-2"/>`,
  file: svg`<path d="M6 3h8l4 4v14H6z"/><path d="M14 3v4h4"/>`,
  download: svg`<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14"/>`,
  copy: svg`<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M15 9V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h3"/>`,
  terminal: svg`<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M7 10l3 2.5L7 15M13 15h4"/>`,
  theme: svg`<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>`,
  next: svg`<path d="M5 12h14M13 6l6 6-6 6"/>`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof PATHS;

/** A drawing beside text that says the same: hidden from assistive technology. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon icon-${name}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`;
}

/** The mark: a key that crosses the water. */
export const mark = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <circle cx="9" cy="13" r="4.5"/><path d="M13.5 13H28M24 13v4.5M19.5 13v3"/>
  <path class="water" d="M3 24.5c2.2 0 2.2-1.8 4.3-1.8s2.2 1.8 4.3 1.8 2.2-1.8 4.3-1.8 2.2 1.8 4.3 1.8 2.2-1.8 4.3-1.8 2.2 1.8 4.5 1.8"/>
</svg>`;
