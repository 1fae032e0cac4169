import type { BridgeClient } from './bridge/client';
import { markWork } from './kept';
import type {
  Delivery,
  ImportStage,
  RetirementAnswer,
  VaultImportAnswer,
  VaultImportOrder,
} from './pkg/keyferry_wasm';
import { Problem } from './problem';
import { BROKEN_OFF, cutOff, LAST_MOMENT, type RunState } from './wrap-run';

/** What the page says of the key, all things of the vault included. */
export type Wishes = Omit<VaultImportOrder, 'file'>;

/** What was seen of an imported key. */
export type Seen = 'same' | 'other' | 'unseen';

/** One import, from the order to the comparison. It lives in the flow, so Back does not cut it off. */
export class ImportRun {
  state: RunState = 'running';
  readonly stages: ImportStage[] = [];
  problem: Problem | null = null;
  answer: VaultImportAnswer | null = null;
  /** What is being waited for, in the words of the bridge. */
  waiting: string | null = null;
  /** What became of the KEK afterwards. */
  retired: RetirementAnswer | null = null;

  constructor(
    readonly delivery: Delivery,
    readonly wishes: Wishes,
  ) {}

  /** True when it broke off so late that the vault may have taken the file. */
  get isOpen(): boolean {
    const stage = this.stages.at(-1);
    const late = stage === 'importing' || stage === 'verifying';
    return this.state === 'failed' && late && BROKEN_OFF.includes(this.problem?.code ?? '');
  }

  get seen(): Seen {
    const seen = this.answer?.verification;
    if (seen?.public_key === 'differs' || seen?.private_key === 'failed') return 'other';
    return seen?.public_key === 'equal' ? 'same' : 'unseen';
  }

  async run(bridge: BridgeClient, changed: () => void): Promise<void> {
    markWork('import', this.wishes.name);
    try {
      const file = btoa(String.fromCharCode(...this.delivery.file));
      for await (const event of bridge.import({ ...this.wishes, file })) {
        this.waiting = event.event === 'waiting' ? event.message : null;
        if (event.event === 'stage') this.stages.push(event.stage);
        else if (event.event === 'failed') throw new Problem(event.error);
        else if (event.event === 'done') this.answer = this.#own(event.answer);
        changed();
      }
      if (!this.answer) throw cutOff();
      this.state = 'done';
      markWork('import', null);
    } catch (thrown) {
      this.problem = Problem.from(thrown);
      this.state = 'failed';
      setTimeout(() => markWork('import', null), LAST_MOMENT);
    }
    changed();
  }

  /** Only an answer about this very file says anything of it. */
  #own(answer: VaultImportAnswer): VaultImportAnswer {
    if (answer.file_sha256 === this.delivery.sha256) return answer;
    throw new Problem({
      code: 'answer-mismatch',
      message: 'The bridge answered about another file than it was asked to import.',
      advice: 'Do not rely on it. Look in the vault and in the audit log of the bridge.',
    });
  }
}
