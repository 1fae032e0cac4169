/** The verifier of attestations: core's, in a WebAssembly of its own. */
import init, { verifyAttestation } from '../pkg/attestation/keyferry_attestation';
import type { AttestationVerdict, KekExamination } from '../pkg/keyferry_wasm';

/** Where the build put it. */
declare const ATTESTATION_WASM: string;

await init({ module_or_path: ATTESTATION_WASM });

export function verdictOn(document: Uint8Array, kek: KekExamination): AttestationVerdict {
  const now = Math.floor(Date.now() / 1000);
  return JSON.parse(
    verifyAttestation(document, kek.modulus, kek.exponentBytes, kek.signedPath, now),
  ) as AttestationVerdict;
}
