# Sourced by the scripts that fuzz: the targets, their building, their corpora, and one run of one of them.
source "$(dirname "${BASH_SOURCE[0]}")/tools.bash"

# Core's are built in a minute; the bridge's need its dependencies once more, with the sanitizer.
FUZZ_CORE=(kek kid blob attestation wire audit)
FUZZ_BRIDGE=(frames policy request record manifest)
FUZZ_TARGETS=("${FUZZ_CORE[@]}" "${FUZZ_BRIDGE[@]}")
FUZZ_BINARIES=$ROOT/target/fuzz/build/$(rustc -vV | awk '$1 == "host:" { print $2 }')/release
export PATH=$TOOLS/$CARGO_FUZZ/bin:$PATH

# fuzz_missing: what is not there, or nothing.
fuzz_missing() {
    if [ -z "$(nightly)" ]; then
        echo "a nightly compiler"
    elif ! command -v cargo-fuzz >/dev/null; then
        echo "$CARGO_FUZZ"
    fi
}

# One build of all targets, with the sanitizer; the toolchain's lock on the folder keeps two apart.
fuzz_build() {
    (cd tests && cargo "+$(nightly)" fuzz build --fuzz-dir fuzz --target-dir "$ROOT/target/fuzz/build" --features bridge)
}

# fuzz_seeds TARGET FOLDER: puts the seeds there; what is there already stays.
fuzz_seeds() {
    mkdir -p "$2"
    node tests/fuzz/corpus.mjs "$1" "$2"
}

# fuzz_run TARGET CORPUS [OPTION…]: one process until an option ends it; what it finds lies in target/fuzz/finds.
fuzz_run() {
    local target=$1 corpus=$2 options=() dictionary=tests/fuzz/dictionaries/$1.dict
    shift 2
    mkdir -p "target/fuzz/finds/$target"
    if [ -f "$dictionary" ]; then options+=("-dict=$dictionary"); fi
    # The option of the sanitizer is cargo-fuzz's own: Rust's standard library stands in two places.
    ASAN_OPTIONS=detect_odr_violation=0 exec nice -n 5 "$FUZZ_BINARIES/$target" "${options[@]}" -max_len=66000 -timeout=20 \
        -rss_limit_mb=2048 -print_final_stats=1 "-artifact_prefix=target/fuzz/finds/$target/" "$@" "$corpus"
}
