# Sourced by the other scripts: every step says its name, its outcome and its time.
STEPS_FAILED=0
STEPS_TOLD=()

# must NAME COMMAND…: a step without which the rest makes no sense.
must() {
    step "$@" || { steps_summary; exit 1; }
}

# step NAME COMMAND…: a step whose failure is counted, and the following steps still run.
step() {
    local name=$1 began=$SECONDS outcome=ok
    shift
    printf '\n==> %s\n' "$name"
    # A subshell of its own with -e: a function used as a condition would otherwise run on after a failure.
    set +e
    (set -e; "$@")
    local status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        outcome=FAILED
        STEPS_FAILED=$((STEPS_FAILED + 1))
    fi
    STEPS_TOLD+=("$(printf '%-44s %-6s %4d s' "$name" "$outcome" $((SECONDS - began)))")
    printf '    %s: %s, %d s\n' "$name" "$outcome" $((SECONDS - began))
    return "$status"
}

steps_summary() {
    printf '\n'
    printf '    %s\n' "${STEPS_TOLD[@]}"
    printf '    %-44s        %4d s\n' "in all" "$SECONDS"
}
