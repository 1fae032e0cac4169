import type { BridgeClient } from '../bridge/client';
import type { ExaminedKek } from '../kek-input';
import type {
  KeyInfo,
  KeyOperation,
  PlanAnswer,
  PlanOrder,
  PlanRun,
  PlanStatus,
  PlansAnswer,
  RecordPage,
} from '../pkg/keyferry_wasm';
import { Problem } from '../problem';
import { BROKEN_OFF, cutOff } from '../wrap-run';

/** Where the tab keeps which plan it ran last, and whether with its imports. */
const LAST = 'keyferry.batch';
const IMPORT = 'import';

/** What is wanted of every key of a plan. */
export interface Wanted {
  name: string;
  operations: KeyOperation[] | null;
  tags: Record<string, string>;
}

/** The label as the name, and all else as the vault has it. */
const NOTHING_ELSE: Wanted = { name: '{name}', operations: null, tags: {} };

const BUSY = ['preparing', 'approving', 'second-approving', 'running', 'stopping'];

/** True while the bridge does something for this plan. */
export function isBusy(status: PlanStatus): boolean {
  return BUSY.includes(status.state);
}

/** Many keys on their way: chosen, planned, run. It lives beside the screens, so that leaving them cuts nothing off. */
export class Batch {
  /** The chosen keys, by what tells them apart. */
  readonly chosen = new Map<string, KeyInfo>();
  wanted = NOTHING_ELSE;
  plan: PlanAnswer | null = null;
  status: PlanStatus | null = null;
  /** Whether the keys of the plan are to be imported, too. */
  import = false;
  /** Batches that were begun on this machine and are not whole. */
  unfinished: PlanStatus[] = [];
  problem: Problem | null = null;
  /** True once a stop of the run was asked for. */
  stopAsked = false;
  waiting: 'plan' | 'plans' | null = null;
  #following: string | null = null;

  /** `taken` says that a problem is the whole page's, and shown there. */
  constructor(
    readonly bridge: BridgeClient,
    readonly changed: (spoken?: string) => void,
    readonly taken: (problem: Problem) => boolean,
  ) {}

  /** Asks which batches are not whole, and follows one that is running; where something is shown already, that stays. */
  async look(): Promise<void> {
    if (this.#following || this.plan || this.status || this.waiting) return;
    const told = this.problem;
    const heard = await this.#wait('plans', async () => {
      const { plans } = await this.bridge.call<PlansAnswer>('GET', '/v1/plans');
      this.unfinished = plans;
    });
    if (!heard) return;
    this.problem = told;
    this.changed();
    const running = this.unfinished.find(isBusy);
    if (running) void this.run(running);
    else await this.#last();
  }

  /** The batch that this tab ran last, after a reload: its files are still to be got at. */
  async #last(): Promise<void> {
    const [hash, wish] = (sessionStorage.getItem(LAST) ?? '').split(' ');
    if (!hash || this.plan || this.status || this.unfinished.some((one) => one.hash === hash))
      return;
    try {
      const status = await this.bridge.call<PlanStatus>('GET', `/v1/plans/${hash}`);
      // Of a plan that was not begun the bridge does not know what was wanted.
      if (!status.folder) status.import = wish === IMPORT;
      if (!this.plan) this.status ??= status;
    } catch (thrown) {
      // Another bridge, which knows nothing of it.
      const problem = Problem.from(thrown);
      if (problem.code === 'plan-unknown') sessionStorage.removeItem(LAST);
      else this.#fail(problem);
    }
    this.changed();
  }

  /** Has the bridge make the plan of the chosen keys. Nothing is touched. */
  async make(kek: ExaminedKek, attestation: Uint8Array | null): Promise<void> {
    const order: PlanOrder = {
      kek: base64(kek.input.document),
      kid: kek.input.kid || null,
      kek_thumbprint_sha256: kek.verdict.thumbprint_sha256 ?? '',
      attestation: attestation && base64(attestation),
      keys: [...this.chosen.values()].map(({ label, id }) => ({ label, id })),
      ...this.wanted,
    };
    await this.#wait('plan', async () => {
      this.plan = await this.bridge.call<PlanAnswer>('POST', '/v1/plans', JSON.stringify(order));
      this.status = null;
    });
  }

  /** Runs a plan, goes on with one, or follows one that is running: the bridge knows which it is. */
  async run({ hash, import: importing }: Pick<PlanStatus, 'hash' | 'import'>): Promise<void> {
    if (this.#following) return;
    this.#following = hash;
    sessionStorage.setItem(LAST, importing ? `${hash} ${IMPORT}` : hash);
    this.problem = null;
    this.stopAsked = false;
    try {
      const order: PlanRun = { import: importing };
      const statuses = this.bridge.events<PlanStatus>(`/v1/plans/${hash}/run`, order);
      for await (const status of statuses) this.#take(status, hash);
      if (!this.status || isBusy(this.status)) throw cutOff();
    } catch (thrown) {
      const problem = this.#fail(thrown);
      // Whether it goes on without us is not known; the bridge is asked when somebody wants to know.
      if (BROKEN_OFF.includes(problem.code)) this.status = null;
    } finally {
      this.#following = null;
      this.changed();
    }
  }

  async stop(): Promise<void> {
    const hash = this.#following;
    if (!hash) return;
    this.stopAsked = true;
    this.changed('The stop is asked for.');
    try {
      await this.bridge.call('POST', `/v1/plans/${hash}/stop`, '{}');
    } catch (thrown) {
      this.stopAsked = false;
      this.#fail(thrown);
      this.changed();
    }
  }

  /** The report of what was run; null when it cannot be had, and the problem is shown. */
  async report(): Promise<RecordPage | null> {
    if (!this.status) return null;
    try {
      return await this.bridge.call<RecordPage>('GET', `/v1/plans/${this.status.hash}/report`);
    } catch (thrown) {
      this.#fail(thrown);
      this.changed();
      return null;
    }
  }

  /** Back to the choice of keys; what was run stays where it is. */
  anew(): void {
    this.plan = null;
    this.status = null;
    this.problem = null;
    this.import = false;
    this.wanted = NOTHING_ELSE;
    sessionStorage.removeItem(LAST);
    this.chosen.clear();
    this.changed();
    void this.look();
  }

  /** Back to the choice of keys, with the keys still chosen. */
  back(): void {
    this.plan = null;
    this.problem = null;
    this.changed();
  }

  #take(status: PlanStatus, hash: string): void {
    if (status.hash !== hash) {
      throw new Problem({
        code: 'answer-mismatch',
        message: 'The bridge answered about another plan than it was asked for.',
        advice: 'Do not rely on it. Look into the audit log of the bridge.',
      });
    }
    const told = this.status?.state;
    this.status = status;
    if (status.error) this.problem = new Problem(status.error);
    this.changed(status.state === told ? undefined : SPOKEN[status.state]);
  }

  #fail(thrown: unknown): Problem {
    const problem = Problem.from(thrown);
    this.problem = this.taken(problem) ? null : problem;
    return problem;
  }

  /** True when it was done. */
  async #wait(waiting: 'plan' | 'plans', work: () => Promise<void>): Promise<boolean> {
    if (this.waiting) return false;
    this.waiting = waiting;
    this.problem = null;
    this.changed();
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#fail(thrown);
      return false;
    } finally {
      this.waiting = null;
      this.changed();
    }
  }
}

const SPOKEN: Record<PlanStatus['state'], string> = {
  ready: 'The run ended before every key was done.',
  preparing: 'The plan is being prepared.',
  approving: 'The approval is asked for.',
  'second-approving': 'A second approver is asked for.',
  running: 'The keys are being wrapped.',
  stopping: 'Stopping.',
  done: 'Every key came to its end.',
};

/** Tags as they are typed: one a line. */
export function tagLines(tags: Record<string, string>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

/** What tells a key from the others. */
export function nameOf(key: KeyInfo): string {
  return `${key.id} ${key.label}`;
}

function base64(bytes: Uint8Array): string {
  // One by one: a whole file is too many arguments for one call.
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
