import type { ErrorBody } from './pkg/keyferry_wasm';

/** What went wrong and what to do: the same pair that the bridge and the WASM speak. */
export class Problem extends Error {
  readonly code: string;
  readonly advice: string;

  constructor(body: ErrorBody) {
    super(body.message);
    this.code = body.code;
    this.advice = body.advice;
  }

  /** Takes whatever was thrown. A foreign error becomes one that still says what to do. */
  static from(thrown: unknown): Problem {
    if (thrown instanceof Problem) return thrown;
    if (isErrorBody(thrown)) return new Problem(thrown);
    return new Problem({
      code: 'page-fault',
      message: `This page met an error of its own: ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
      advice: 'Reload the page. Nothing has been changed in the HSM or the vault by this.',
    });
  }
}

export function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  const body = value as Record<string, unknown>;
  return [body.code, body.message, body.advice].every((part) => typeof part === 'string');
}
