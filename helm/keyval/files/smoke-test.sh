#!/usr/bin/env bash
# Writes a key through WRITE_HOST, waits until READ_HOST answers it, and deletes it again.
# READS_FROM_LEADER says that READ_HOST may be the leader; a follower has to refuse writes.
set -euo pipefail

key="smoke-test-$RANDOM$RANDOM"
value="written at $(date -u +%FT%TZ)"

# Prints the replies of host $1 to the command lines that follow.
ask() {
    local host=$1
    shift
    exec 3<>"/dev/tcp/$host/$PORT"
    printf '%s\n' 'HELLO CLIENT' "$@" CLOSE >&3
    timeout 10 cat <&3
    exec 3>&-
}

# Fails unless the replies in $2 are the lines that follow, between HELLO SERVER and BYE.
expect() {
    local what=$1 replies=$2 expected
    shift 2
    expected=$(printf '%s\n' 'HELLO SERVER' "$@" BYE)
    if [ "$replies" != "$expected" ]; then
        printf '%s failed: expected\n%s\nbut got\n%s\n' "$what" "$expected" "$replies" >&2
        exit 1
    fi
    printf '%s: as expected\n' "$what"
}

replies=$(ask "$WRITE_HOST" "PUT $key $value" "GET $key")
expect 'PUT and GET at the leader' "$replies" OK "$value"

for _ in {1..30}; do
    replies=$(ask "$READ_HOST" "GET $key")
    [[ $replies != *"$value"* ]] || break
    sleep 1
done
expect 'GET at the read service' "$replies" "$value"

if [ "${READS_FROM_LEADER:-}" != true ]; then
    replies=$(ask "$READ_HOST" "PUT $key refused")
    expect 'PUT at a follower' "$replies" WRITE_NOT_ALLOWED
fi

replies=$(ask "$WRITE_HOST" "DELETE $key")
expect 'DELETE at the leader' "$replies" OK
