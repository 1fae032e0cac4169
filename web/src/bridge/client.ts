import type {
  KeygenOrder,
  KeyInfo,
  KeysAnswer,
  RecordAnswer,
  RecordPage,
  RecordQuery,
  RetirementAnswer,
  RetirementOrder,
  SessionInfo,
  VaultImportEvent,
  VaultImportOrder,
  VaultKek,
  VaultKekOrder,
  VaultKeysAnswer,
  WrapEvent,
  WrapOrder,
} from '../pkg/keyferry_wasm';
import { isErrorBody, Problem } from '../problem';
import { lines } from './lines';
import { TAB } from './tab';

/** The bridge's HTTP face. Each call is made once: nothing here tries again by itself. */
export class BridgeClient {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
    // The next page finds the bridge free; one that was killed is taken over from.
    addEventListener('pagehide', () => this.#leave());
  }

  /** From now on the bridge answers this tab, and no other one. */
  async takeOver(): Promise<void> {
    await this.call('POST', '/v1/seat', '{"do":"take-over"}');
  }

  #leave(): void {
    const headers = { ...this.#headers(), 'Content-Type': 'application/json' };
    const body = '{"do":"leave"}';
    // Nobody is here any more to be told of a failure.
    void fetch('/v1/seat', { method: 'POST', headers, body, keepalive: true }).catch(
      () => undefined,
    );
  }

  #headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.#secret}`, 'Keyferry-Tab': TAB };
  }

  session(): Promise<SessionInfo> {
    return this.call('GET', '/v1/session');
  }

  unlock(): Promise<SessionInfo> {
    return this.call('POST', '/v1/unlock', '{}');
  }

  lock(): Promise<SessionInfo> {
    return this.call('POST', '/v1/lock', '{}');
  }

  keys(): Promise<KeysAnswer> {
    return this.call('GET', '/v1/keys');
  }

  generate(order: KeygenOrder): Promise<KeyInfo> {
    return this.call('POST', '/v1/keys', JSON.stringify(order));
  }

  /** Orders a wrap; events come as the bridge works. */
  wrap(order: WrapOrder): AsyncGenerator<WrapEvent> {
    return this.events('/v1/wraps', order);
  }

  vaultKeys(vault: string): Promise<VaultKeysAnswer> {
    return this.call('POST', '/v1/vault/keys', JSON.stringify({ vault }));
  }

  vaultKek(kid: string): Promise<VaultKek> {
    return this.call('POST', '/v1/vault/kek', JSON.stringify({ kid }));
  }

  createKek(order: VaultKekOrder): Promise<VaultKek> {
    return this.call('POST', '/v1/vault/keks', JSON.stringify(order));
  }

  /** Orders an import; events come as the bridge and the vault work. */
  import(order: VaultImportOrder): AsyncGenerator<VaultImportEvent> {
    return this.events('/v1/vault/imports', order);
  }

  retire(order: RetirementOrder): Promise<RetirementAnswer> {
    return this.call('POST', '/v1/vault/retirements', JSON.stringify(order));
  }

  record(query: RecordQuery): Promise<RecordAnswer> {
    return this.call('POST', '/v1/record', JSON.stringify(query));
  }

  recordPage(seq: number): Promise<RecordPage> {
    return this.call('POST', '/v1/record/page', JSON.stringify({ seq }));
  }

  /** An order whose answer is told as it comes. */
  async *events<T>(path: string, order: unknown): AsyncGenerator<T> {
    const answer = await this.#send('POST', path, JSON.stringify(order));
    if (!answer.body) throw gone();
    try {
      for await (const line of lines(answer.body)) yield JSON.parse(line) as T;
    } catch (thrown) {
      // The stream broke off: the network's word for it says nothing to the reader.
      if (thrown instanceof TypeError) throw gone();
      throw thrown;
    }
  }

  /** An order, and its answer. */
  async call<T>(method: string, path: string, body?: string): Promise<T> {
    const answer = await this.#send(method, path, body);
    return (await answer.json()) as T;
  }

  async #send(method: string, path: string, body?: string): Promise<Response> {
    const headers = this.#headers();
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let answer: Response;
    try {
      answer = await fetch(path, {
        method,
        headers,
        cache: 'no-store',
        ...(body === undefined ? {} : { body }),
      });
    } catch {
      throw gone();
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }
}

async function refusal(answer: Response): Promise<Problem> {
  if (answer.status === 401) {
    return new Problem({
      code: 'secret-refused',
      message: 'The bridge does not know this window: its secret belongs to another run.',
      advice: 'Open the address that `keyferry serve` printed last.',
    });
  }
  const body = (await answer.json().catch(() => null)) as { error?: unknown } | null;
  if (isErrorBody(body?.error)) return new Problem(body.error);
  return new Problem({
    code: 'bridge-answer-unreadable',
    message: `The bridge refused with HTTP ${answer.status} and gave no reason.`,
    advice: 'Look at the terminal in which the bridge runs; restart it if it shows an error.',
  });
}

function gone(): Problem {
  return new Problem({
    code: 'bridge-gone',
    message: 'The bridge does not answer. It may have been stopped.',
    advice:
      'Look at the terminal in which keyferry runs. If it has ended, start it again with `keyferry serve` and open the new address.',
  });
}
