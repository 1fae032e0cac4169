import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import type { Flow } from '../flow';
import { icon } from './icon';

const WORDS = {
  wrap: {
    doing: 'wrapped',
    known: 'This page took nothing and made no file. Whether the HSM did the wrap stands',
    again: 'Wrapping again does no harm.',
  },
  import: {
    doing: 'imported',
    known: 'This page did not see its end. Whether the vault took the file stands',
    again: 'Import it again from here: the bridge asks the vault first, and imports nothing twice.',
  },
};

/** Told after a reload in the midst of work: what is known, and where the rest stands. */
export function notice(flow: Flow): TemplateResult | typeof nothing {
  if (flow.notice === null) return nothing;
  const { work, label } = flow.notice;
  const words = WORDS[work];
  return html`<div class="box box-warning" role="status" data-code="${work}-interrupted">
    ${icon('warning')}
    <div>
      <p class="box-title">The page was reloaded while “${visible(label)}” was being ${words.doing}.</p>
      <p>${words.known} in the bridge's audit log
      (<code>audit/log.jsonl</code> in its state folder). A prompt that is still open can be refused. ${words.again}</p>
      <p><button type="button" class="button button-small" @click=${() => flow.putNoticeAway()}>Understood</button></p>
    </div>
  </div>`;
}
