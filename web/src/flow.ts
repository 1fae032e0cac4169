import {
  type Attestation,
  type AttestationInput,
  attest,
  isRefused,
  ownAttestation,
} from './attestation';
import type { Batch } from './batch/batch';
import { BridgeClient } from './bridge/client';
import {
  exchange,
  forgetSecret,
  holdsHandover,
  keepSecret,
  keptSecret,
  takeHandover,
} from './bridge/secret';
import { vaultNameFor } from './core';
import { ImportRun, type Wishes } from './import-run';
import { type ExaminedKek, examine, type KekInput } from './kek-input';
import {
  type Cut,
  keepAttestation,
  keepFinished,
  keepKek,
  keptAttestation,
  keptFinished,
  keptKek,
  takeMark,
} from './kept';
import { type Piece, piece } from './later';
import type {
  KeygenOrder,
  KeyInfo,
  KeysAnswer,
  RecordAnswer,
  RecordPage,
  RecordQuery,
  Retirement,
  SessionInfo,
  VaultKek,
  VaultKekOrder,
  VaultKeysAnswer,
} from './pkg/keyferry_wasm';
import { Problem } from './problem';
import { IMPORT_STAGES, STAGES, stageName } from './stages';
import { before, isAside, STEPS, type Step, type View, viewOf } from './steps';
import { WrapRun } from './wrap-run';

/** What is being waited for; the screens say where the officer has to look. */
export type Waiting =
  | 'session'
  | 'unlock'
  | 'lock'
  | 'keys'
  | 'generate'
  | 'vault-keys'
  | 'vault-kek'
  | 'vault-make'
  | 'retire';

/** The whole state of the page, and every change it can take. Screens only show it and call it. */
export class Flow extends EventTarget {
  view: View = 'connect';
  session: SessionInfo | null = null;
  waiting: Waiting | null = null;
  problem: Problem | null = null;
  /** Something that a reload interrupted; told until it is put away. */
  notice: Cut | null = null;
  /** The bridge locked the token, and nobody here asked for it. */
  lockedItself = false;
  /** Spoken by the live region. */
  spoken = '';
  kek: ExaminedKek | null = null;
  /** What vouches for the KEK, good or refused. */
  attestation: Attestation | null = null;
  keys: KeysAnswer | null = null;
  key: KeyInfo | null = null;
  vaultKeyName = '';
  run: WrapRun | null = null;
  /** The vault that was read last. */
  vault: VaultKeysAnswer | null = null;
  importing: ImportRun | null = null;
  /** Many keys on their way; made by the piece that shows them. */
  batch: Batch | null = null;

  #bridge: BridgeClient | null = null;
  /** Which KEK or attestation was given last: the verifier may still be on its way for an earlier one. */
  #turn = 0;
  #attesting = false;
  readonly #pieces = new Map<Piece, boolean>();

  /** The bridge that this window has a secret of. */
  get bridge(): BridgeClient | null {
    return this.#bridge;
  }

  get hasSecret(): boolean {
    return this.#bridge !== null;
  }

  /** True while the vault is being given the file: what comes of it must be seen, so nothing takes its place. */
  get isImporting(): boolean {
    return this.importing?.state === 'running';
  }

  /** Takes over what the address and the tab hold, connects, and goes where a reload left off. */
  async start(): Promise<void> {
    const asked = viewOf(location.hash);
    addEventListener('popstate', () => this.#follow());
    document.addEventListener('visibilitychange', () => void this.#lookAgain());
    addEventListener('focus', () => void this.#lookAgain());
    this.notice = takeMark();
    await this.#takeOver();
    const kept = keptKek();
    if (kept && this.session) await this.#again(kept);
    this.#takeUp();
    this.#show(asked === null ? 'connect' : this.#reachable(asked), 'replace');
  }

  /** The person said so: this tab has the bridge now. */
  async takeOver(): Promise<void> {
    await this.#wait('session', async (bridge) => {
      await bridge.takeOver();
      this.session = await bridge.session();
      this.say('This tab has the bridge now.');
    });
    this.#settle();
  }

  /** Asks the bridge how its token stands. */
  async connect(): Promise<void> {
    await this.#wait('session', async (bridge) => {
      const unlocked = this.session?.unlocked === true;
      this.session = await bridge.session();
      if (unlocked && !this.session.unlocked) this.#lockedItself();
    });
    this.#settle();
  }

  /** Has the bridge log out of the token and forget the PIN, at once. */
  async lock(): Promise<void> {
    await this.#wait('lock', async (bridge) => {
      this.session = await bridge.lock();
      this.say('The token is locked.');
    });
    this.#leaveWhatIsClosed();
  }

  async unlock(): Promise<void> {
    await this.#wait('unlock', async (bridge) => {
      this.session = await bridge.unlock();
      this.lockedItself = false;
      this.say('The token is unlocked.');
    });
  }

  /** Examines a KEK and keeps it, admitted or not: the screen shows why. The last one that was given counts. */
  async examine(input: KekInput): Promise<void> {
    const turn = this.#anew();
    const kek = examine(input, this.session?.practice);
    const { admitted } = kek.verdict;
    // Both at once: nobody goes on with a KEK whose attestation is still being looked at.
    const attestation = admitted ? await ownAttestation(kek.examination, input) : null;
    if (turn !== this.#turn) return;
    this.kek = kek;
    this.attestation = attestation;
    // The next screen is fetched while this one is read.
    if (admitted) this.has('transfer');
    keepAttestation(null);
    keepKek(admitted ? input : null);
    this.say(admitted ? 'The KEK is admitted.' : 'The KEK is refused.');
  }

  dropKek(): void {
    this.#anew();
    this.kek = null;
    this.attestation = null;
    keepKek(null);
    keepAttestation(null);
    this.say('');
  }

  /** Verifies an attestation for the KEK and keeps it, good or not: the screen shows why. */
  async attest(input: AttestationInput): Promise<void> {
    if (!this.kek?.verdict.admitted) return;
    const turn = this.#anew();
    this.#attesting = true;
    this.changed();
    try {
      const attestation = await attest(this.kek.examination, input);
      if (turn !== this.#turn) return;
      this.attestation = attestation;
    } finally {
      if (turn === this.#turn) this.#attesting = false;
      this.changed();
    }
    keepAttestation(input);
    this.say(
      isRefused(this.attestation) ? 'The attestation is refused.' : 'The attestation was read.',
    );
  }

  dropAttestation(): void {
    this.#anew();
    this.attestation = null;
    keepAttestation(null);
    this.say('The attestation was taken away.');
  }

  async loadKeys(): Promise<void> {
    await this.#wait('keys', async (bridge) => {
      this.keys = await bridge.keys();
      const chosen = this.key?.id;
      this.key = this.keys.keys.find((key) => key.id === chosen && key.transferable) ?? null;
    });
  }

  async generate(order: KeygenOrder): Promise<void> {
    let made: KeyInfo | null = null;
    await this.#wait('generate', async (bridge) => {
      made = await bridge.generate(order);
    });
    if (!made) return;
    await this.loadKeys();
    this.choose(made);
    this.say('The key was made.');
  }

  choose(key: KeyInfo): void {
    this.key = key;
    this.vaultKeyName = vaultNameFor(key.label);
    this.changed();
  }

  nameIt(name: string): void {
    this.vaultKeyName = name;
    this.changed();
  }

  /** Orders the wrap. One at a time: a call while one runs, or while its file is imported, does nothing. */
  async wrap(): Promise<void> {
    if (!this.#bridge || !this.kek || !this.key) return;
    if (this.run?.state === 'running' || this.isImporting) return;
    const attestation = this.attestation?.input.document ?? null;
    const run = new WrapRun(this.key, this.kek, this.vaultKeyName, attestation);
    this.run = run;
    this.importing = null;
    this.go('wrap');
    await run.run(this.#bridge, () => {
      const stage = run.stages.at(-1);
      this.say(run.state === 'running' && stage ? stageName(STAGES, stage) : '');
    });
    if (run.state !== 'done') this.say(run.problem?.message ?? '');
    else if (this.view === 'wrap') this.#show('deliver', 'replace');
    else this.say('The file is ready.');
  }

  /** Another key, under the same KEK unless that was retired. */
  again(): void {
    if (this.isImporting) return;
    const retired = this.importing?.retired;
    this.run = null;
    this.importing = null;
    keepFinished(null);
    this.key = null;
    this.keys = null;
    if (retired) this.dropKek();
    this.go(retired ? 'kek' : 'key');
  }

  /** Has the bridge read a vault's keys. */
  async readVault(address: string): Promise<void> {
    await this.#wait('vault-keys', async (bridge) => {
      this.vault = null;
      this.vault = await bridge.vaultKeys(address);
      this.say('The keys of the vault are listed.');
    });
  }

  /** Has the bridge fetch a KEK; null when that failed, and the problem is shown. */
  async fetchKek(kid: string): Promise<VaultKek | null> {
    let got: VaultKek | null = null;
    await this.#wait('vault-kek', async (bridge) => {
      got = await bridge.vaultKek(kid);
    });
    return got;
  }

  async makeKek(order: VaultKekOrder): Promise<VaultKek | null> {
    let made: VaultKek | null = null;
    await this.#wait('vault-make', async (bridge) => {
      made = await bridge.createKek(order);
      // What was listed lacks it.
      this.vault = null;
    });
    return made;
  }

  /** Orders the import of the finished file. One at a time. */
  async import(wishes: Wishes): Promise<void> {
    const delivery = this.run?.delivery;
    if (!this.#bridge || !delivery || this.isImporting) return;
    const run = new ImportRun(delivery, wishes);
    this.importing = run;
    await run.run(this.#bridge, () => {
      const stage = run.stages.at(-1);
      this.say(run.state === 'running' && stage ? stageName(IMPORT_STAGES, stage) : '');
    });
  }

  /** Has the KEK of the finished import disabled or deleted. */
  async retire(how: Retirement): Promise<void> {
    const run = this.importing;
    const kid = run?.delivery.answer.kid;
    if (!run || !kid) return;
    await this.#wait('retire', async (bridge) => {
      run.retired = await bridge.retire({ kid, how });
      this.say(how === 'delete' ? 'The KEK was deleted.' : 'The KEK was disabled.');
    });
  }

  /** Lines of the record; the screen of the record shows what goes wrong. */
  record(query: RecordQuery): Promise<RecordAnswer> {
    return this.#here().record(query);
  }

  /** A line of the record as a page to print. */
  recordPage(seq: number): Promise<RecordPage> {
    return this.#here().recordPage(seq);
  }

  /** Hands a page of the bridge's to the browser's downloads, to be opened and printed from there. */
  savePage({ name, html }: RecordPage): void {
    const url = URL.createObjectURL(new Blob([html], { type: 'text/html' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    this.say(`${name} is in your downloads: open and print it.`);
  }

  #here(): BridgeClient {
    if (this.#bridge) return this.#bridge;
    throw new Problem({
      code: 'secret-refused',
      message: 'This window does not know the bridge.',
      advice: 'Open the address that `keyferry serve` printed last.',
    });
  }

  /** True when this part of the page is here; if it is not, it is fetched, and told of as a change. */
  has(part: Piece): boolean {
    const known = this.#pieces.get(part);
    if (known === undefined) {
      this.#pieces.set(part, false);
      piece(part).then(
        () => {
          this.#pieces.set(part, true);
          this.changed();
        },
        (thrown: unknown) => this.fail(thrown),
      );
    }
    return known === true;
  }

  /** Shows a view, or how far the walk is open where that is closed. */
  go(view: View): void {
    const open = this.#reachable(view);
    if (open !== this.view) this.#show(open, 'push');
  }

  /** Back from the views beside it to where the walk stands. */
  resume(): void {
    this.go(this.#furthest());
  }

  can(view: View): boolean {
    return this.#reachable(view) === view;
  }

  putNoticeAway(): void {
    this.notice = null;
    this.changed();
  }

  /** Shows an error above the screen where it was met. */
  fail(thrown: unknown): void {
    this.problem = Problem.from(thrown);
    this.changed();
  }

  /** True of a problem with the bridge itself: it is shown above the screen, with the button that helps. */
  takes(problem: Problem): boolean {
    const taken = ['other-tab', 'bridge-gone'].includes(problem.code);
    if (taken) this.fail(problem);
    return taken;
  }

  say(words: string): void {
    this.spoken = words;
    this.changed();
  }

  changed(): void {
    this.dispatchEvent(new Event('change'));
  }

  async #takeOver(): Promise<void> {
    const handover = takeHandover();
    try {
      if (handover)
        keepSecret('token' in handover ? handover.token : await exchange(handover.launch));
    } catch (thrown) {
      this.problem = Problem.from(thrown);
    }
    const secret = keptSecret();
    if (!secret || (!handover && this.session)) return;
    this.#bridge = new BridgeClient(secret);
    this.session = null;
    this.batch = null;
    await this.connect();
  }

  /** The KEK, and what vouches for it, as they were before a reload. */
  /** What is still being verified for another KEK or attestation counts no more. */
  #anew(): number {
    this.#attesting = false;
    this.#turn += 1;
    return this.#turn;
  }

  async #again(kek: KekInput): Promise<void> {
    const attestation = keptAttestation();
    try {
      await this.examine(kek);
      if (attestation) await this.attest(attestation);
    } catch (thrown) {
      // Without what vouched for it, it is not taken over.
      this.dropKek();
      this.problem = Problem.from(thrown);
    }
  }

  /** A file that was finished before a reload is there again. */
  #takeUp(): void {
    try {
      const finished = keptFinished();
      if (!finished || !this.session || !this.kek) return;
      this.run = WrapRun.again(finished, this.kek);
      this.key = finished.key;
      this.vaultKeyName = finished.vaultKeyName;
    } catch {
      // It no longer fits: the wrap can be done again.
      keepFinished(null);
    }
  }

  /** One question when the tab is looked at or turned to again; no polling. */
  async #lookAgain(): Promise<void> {
    const idle =
      this.session &&
      !this.waiting &&
      !this.problem &&
      this.run?.state !== 'running' &&
      !this.isImporting;
    if (document.visibilityState !== 'visible' || !idle) return;
    await this.connect();
  }

  /** After the bridge was heard again: what it has closed is left, and batches that it works at are found. */
  #settle(): void {
    this.#leaveWhatIsClosed();
    if (!this.problem) void this.batch?.look();
  }

  #lockedItself(): void {
    this.lockedItself = true;
    this.say('The bridge has locked the token.');
  }

  /** What the locked token has closed is left; a wrap and its file stay on the screen all the same. */
  #leaveWhatIsClosed(): void {
    const stays = this.run && (this.view === 'wrap' || this.view === 'deliver');
    if (!stays && !this.can(this.view)) this.#show(this.#reachable(this.view), 'replace');
  }

  async #wait(waiting: Waiting, work: (bridge: BridgeClient) => Promise<void>): Promise<void> {
    if (!this.#bridge || this.waiting) return;
    this.waiting = waiting;
    this.problem = null;
    this.changed();
    try {
      await work(this.#bridge);
    } catch (thrown) {
      this.problem = Problem.from(thrown);
      if (this.problem.code === 'secret-refused') this.#disown();
    } finally {
      this.waiting = null;
      this.changed();
    }
  }

  /** The bridge does not know this tab any more: back to the start, with the reason. */
  #disown(): void {
    forgetSecret();
    keepFinished(null);
    this.#bridge = null;
    this.session = null;
    this.batch = null;
    this.#show('connect', 'replace');
  }

  #reachable(view: View): View {
    // The record is the bridge's: without one there is nothing to show.
    if (view === 'record') return this.session ? view : 'connect';
    if (isAside(view)) return view;
    const furthest = this.#furthest();
    return before(furthest, view) ? furthest : view;
  }

  #furthest(): Step {
    const open: Record<Step, boolean> = {
      connect: true,
      kek: this.session?.unlocked === true,
      key:
        this.kek?.verdict.admitted === true &&
        !this.#attesting &&
        !(this.attestation && isRefused(this.attestation)),
      review: this.key !== null,
      wrap: this.run !== null,
      deliver: this.run?.state === 'done',
    };
    const closed = STEPS.findIndex((step) => !open[step]);
    return STEPS[closed === -1 ? STEPS.length - 1 : closed - 1] ?? 'connect';
  }

  #follow(): void {
    // A new address opened in this tab is a step in its history too.
    if (holdsHandover()) {
      void this.#takeOver().then(() => this.#show('connect', 'replace'));
      return;
    }
    const asked = viewOf(location.hash) ?? 'connect';
    const view = this.#reachable(asked);
    if (view === asked) this.#set(view);
    else this.#show(view, 'replace');
  }

  #show(view: View, how: 'push' | 'replace'): void {
    const address = `${location.pathname}#${view}`;
    if (how === 'push') history.pushState({ view }, '', address);
    else history.replaceState({ view }, '', address);
    this.#set(view);
  }

  #set(view: View): void {
    // An error belongs to the screen where it was met.
    if (view !== this.view && this.problem?.code !== 'secret-refused') this.problem = null;
    this.view = view;
    this.changed();
  }
}
