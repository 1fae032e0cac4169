"""Keyferry, its practice vault and its tokens, as the trials with foreign clients drive them."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEYFERRY = os.environ.get("KEYFERRY_BIN", str(ROOT / "target/debug/keyferry"))
PIN = "4711-swordfish"
SOFT_HSM_MODULES = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
]
EMBEDDED_KINDS = ["RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "P-521", "AES-128", "AES-192", "AES-256"]
# The embedded token's OpenSSL has no secp256k1.
SOFT_HSM_KINDS = ["P-256K"]


class Count:
    """One line for each trial, and the count that scripts/test adds up."""

    def __init__(self):
        self.passed = self.failed = 0

    def trial(self, name, work):
        try:
            work()
        except Exception as error:
            self.failed += 1
            print(f"FAILED {name}: {type(error).__name__}: {error}", flush=True)
        else:
            self.passed += 1
            print(f"ok     {name}", flush=True)

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        raise SystemExit(0 if self.passed and not self.failed else 1)


class PracticeVault:
    """A running `keyferry vault practice`, ended with the block that it stands in."""

    def __init__(self, state, *more):
        self.state = state
        command = [KEYFERRY, "vault", "practice", "--json", "--state", str(state), *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        start = json.loads(self.process.stdout.readline())
        self.url, self.ca_file = start["url"], start["ca_file"]
        self.authority = self.url.removeprefix("https://")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


class SoftHsm:
    """A SoftHSM token in a folder of its own."""

    def __init__(self, folder):
        tokens = folder / "tokens"
        tokens.mkdir()
        self.configuration = folder / "softhsm2.conf"
        self.configuration.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
        self.pin = folder / "pin"
        self.pin.write_text(PIN)
        self.pin.chmod(0o600)
        create = ["softhsm2-util", "--init-token", "--free", "--label", "interop", "--so-pin", PIN, "--pin", PIN]
        subprocess.run(create, check=True, capture_output=True, env=self.environment())

    def environment(self):
        return {**os.environ, "SOFTHSM2_CONF": str(self.configuration)}

    def flags(self):
        module = next(path for path in SOFT_HSM_MODULES if os.path.exists(path))
        named = ["--module", module, "--module-env", "SOFTHSM2_CONF", "--token", "interop"]
        return [*named, "--pin-source", f"file:{self.pin}"]


def rehearse(state, out, kinds, token=None):
    """Has a token make, wrap and import a disposable key per kind; the files stay in `out`."""
    command = [KEYFERRY, "rehearse", "--json", "--state", str(state), "--out", str(out), "--kek-size", "2048"]
    for kind in kinds:
        command += ["--kind", kind]
    if token:
        command += token.flags()
    environment = token.environment() if token else None
    done = subprocess.run(command, text=True, capture_output=True, env=environment, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"rehearse: {done.stdout}{done.stderr}")
    keys = json.loads(done.stdout)["keys"]
    if [key["kind"] for key in keys] != kinds:
        raise RuntimeError(f"rehearse: {keys}")
    return keys


def files_of_every_kind(folder, state):
    """Key transfer files of every kind, each with the public key that its token shows."""
    soft_hsm = folder / "soft-hsm"
    soft_hsm.mkdir()
    keys = rehearse(state, folder, EMBEDDED_KINDS)
    return keys + rehearse(state, folder, SOFT_HSM_KINDS, SoftHsm(soft_hsm))


def workplace():
    """A folder that vanishes at the end."""
    return tempfile.TemporaryDirectory(prefix="keyferry-interop-")
