import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import type { Flow } from '../flow';
import { icon } from './icon';

/** Told after a reload in the midst of a wrap: what is known, and where the rest stands. */
export function notice(flow: Flow): TemplateResult | typeof nothing {
  if (flow.notice === null) return nothing;
  return html`<div class="box box-warning" role="status" data-code="wrap-interrupted">
    ${icon('warning')}
    <div>
      <p class="box-title">The page was reloaded while “${visible(flow.notice)}” was being wrapped.</p>
      <p>This page took nothing and made no file. Whether the HSM did the wrap stands in the bridge's audit log
      (<code>audit/log.jsonl</code> in its state folder). A prompt that is still open can be refused. Wrapping again does no harm.</p>
      <p><button type="button" class="button button-small" @click=${() => flow.putNoticeAway()}>Understood</button></p>
    </div>
  </div>`;
}
