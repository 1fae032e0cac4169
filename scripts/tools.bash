# Sourced by the other scripts: where the project is, and which tools it uses in which version.
# Nothing here needs more than bash, coreutils and awk.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

TOOLS=${KEYFERRY_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/keyferry/tools}

# The command line tool and the library of wasm-bindgen must be of one version: the lock file says which.
locked_version() {
    awk -v crate="$1" '$1 == "name" && $3 == "\"" crate "\"" { found = 1 }
        found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

WASM_BINDGEN_CLI=wasm-bindgen-cli-$(locked_version wasm-bindgen)
WASM_PACK=wasm-pack-0.15.1
GECKODRIVER=geckodriver-0.37.1
CARGO_FUZZ=cargo-fuzz-0.13.1
CARGO_DENY=cargo-deny-0.20.2
# Fuzzing alone needs a nightly compiler, for the sanitizer's and the coverage's flags.
NIGHTLY=nightly-2026-05-20

# nightly: the one named above if it is here, else any; nothing where there is none. It installs none.
nightly() {
    local toolchain
    for toolchain in "$NIGHTLY" nightly; do
        if rustup run "$toolchain" rustc --version >/dev/null 2>&1; then
            printf '%s\n' "$toolchain"
            return
        fi
    done
}

# A Python environment is named by what it was made from: its requirements and Python's version.
# python_environment NAME: where that of tests/interop/NAME.txt is, or has to be.
python_environment() {
    local python sum
    python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none)
    sum=$(sha256sum <"tests/interop/$1.txt" | cut -c 1-12)
    printf '%s/python-%s-%s-%s\n' "$TOOLS" "$1" "$python" "$sum"
}

for tool in "$WASM_BINDGEN_CLI" "$WASM_PACK" "$GECKODRIVER" "$CARGO_DENY"; do
    PATH=$TOOLS/$tool/bin:$PATH
done
export PATH
