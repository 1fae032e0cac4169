import { html, type TemplateResult } from 'lit';
import type { SessionInfo } from '../pkg/keyferry_wasm';
import { icon } from './icon';

/** What is asked: a token with a PIN pad asks for its PIN itself, but never for an approval. */
export type Asked = 'pin' | 'approval';

/** Where the native prompt shows, in words that complete "asked for …". */
export function where(session: SessionInfo, asked: Asked): string {
  if (asked === 'pin' && session.login === 'pin-pad') return "on the HSM's own PIN pad";
  return session.prompt === 'pinentry'
    ? 'in a window of its own (pinentry)'
    : 'in the terminal in which keyferry runs';
}

/** A prompt is open somewhere else: said large, since the eye is on this page. */
export function lookBox(session: SessionInfo, asked: Asked, words: string): TemplateResult {
  return html`<div class="box box-look" role="status">${icon('terminal')}<div>
    <p class="box-title">${heading(session, asked)}</p>
    <p>${words} ${where(session, asked)}. This page goes on by itself.</p></div></div>`;
}

function heading(session: SessionInfo, asked: Asked): string {
  if (asked === 'pin' && session.login === 'pin-pad') return 'Look at the PIN pad now';
  return session.prompt === 'pinentry'
    ? 'Look for the pinentry window now'
    : 'Look at the terminal now';
}
