import type { BridgeClient } from './bridge/client';
import { newWrapRequest, resumeWrapRequest } from './core';
import type { ExaminedKek } from './kek-input';
import { type Finished, keepFinished, markWork } from './kept';
import type { Delivery, KeyInfo, Stage } from './pkg/keyferry_wasm';
import { Problem } from './problem';

/** Longer than a page that is being left still runs, in milliseconds. */
export const LAST_MOMENT = 1000;

/** The stream ended, and nobody said how. */
export const BROKEN_OFF = ['bridge-gone', 'answer-cut-off'];

export type RunState = 'running' | 'done' | 'failed';

/** One wrap, from the order to the file. It lives in the flow, so Back does not cut it off. */
export class WrapRun {
  state: RunState = 'running';
  readonly stages: Stage[] = [];
  problem: Problem | null = null;
  delivery: Delivery | null = null;

  /** True when the stream broke off so late that the HSM may have done its part. */
  get isOpen(): boolean {
    const stage = this.stages.at(-1);
    const late = stage === 'recording' || stage === 'wrapping';
    return this.state === 'failed' && late && BROKEN_OFF.includes(this.problem?.code ?? '');
  }

  constructor(
    readonly key: KeyInfo,
    readonly kek: ExaminedKek,
    readonly vaultKeyName: string,
    readonly attestation: Uint8Array | null,
  ) {}

  /** A wrap that was finished before the page was loaded again. */
  static again({ key, vaultKeyName, answer }: Finished, kek: ExaminedKek): WrapRun {
    const run = new WrapRun(key, kek, vaultKeyName, null);
    run.delivery = resumeWrapRequest(kek.examination, answer.request_id).readAnswer(answer);
    run.state = 'done';
    return run;
  }

  async run(bridge: BridgeClient, changed: () => void): Promise<void> {
    markWork('wrap', this.key.label);
    keepFinished(null);
    try {
      const request = newWrapRequest(this.kek.examination, null, this.key.id, this.attestation);
      for await (const event of bridge.wrap(request.order)) {
        if (event.event === 'stage') this.stages.push(event.stage);
        else if (event.event === 'failed') throw new Problem(event.error);
        else this.delivery = request.readAnswer(event.answer);
        changed();
      }
      if (!this.delivery) throw cutOff();
      this.state = 'done';
      const { key, vaultKeyName } = this;
      keepFinished({ key, vaultKeyName, answer: this.delivery.answer });
      markWork('wrap', null);
    } catch (thrown) {
      this.problem = Problem.from(thrown);
      this.state = 'failed';
      // A reload cuts the stream off too, and the page lives on for a moment: the mark must outlive it.
      setTimeout(() => markWork('wrap', null), LAST_MOMENT);
    }
    changed();
  }
}

export function cutOff(): Problem {
  return new Problem({
    code: 'answer-cut-off',
    message: 'The bridge ended its answer before the work was done.',
    advice: 'How far it came stands in the audit log of the bridge.',
  });
}
