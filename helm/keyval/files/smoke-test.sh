#!/usr/bin/env bash
# Writes a key through WRITE_HOST, waits until READ_HOST answers it, and deletes it again.
# READS_FROM_LEADER says that READ_HOST may be the leader; a follower has to refuse writes.
# SECRETS is a directory that may hold keyval.client-secret. TLS is a directory of certificates when the
# port takes TLS only, and TLS_CERTIFICATE, TLS_KEY and TLS_CA are names of files in it.
set -euo pipefail

key="smoke-test-$RANDOM$RANDOM"
value="written at $(date -u +%FT%TZ)"
hello='HELLO CLIENT'
if [ -e "${SECRETS:-}/keyval.client-secret" ]; then
    hello="HELLO CLIENT|$(<"$SECRETS/keyval.client-secret")"
fi

# Sends standard input to host $1 and prints what comes back until the server closes.
exchange() {
    local host=$1
    if [ -n "${TLS:-}" ]; then
        local options=(-quiet -verify_return_error -verify_hostname "$host" -connect "$host:$PORT"
            -cert "$TLS/$TLS_CERTIFICATE" -key "$TLS/$TLS_KEY")
        [ -z "${TLS_CA:-}" ] || options+=(-CAfile "$TLS/$TLS_CA")
        timeout 10 openssl s_client "${options[@]}"
    else
        exec 3<>"/dev/tcp/$host/$PORT"
        cat >&3
        timeout 10 cat <&3
        exec 3>&-
    fi
}

# Prints the replies of host $1 to the command lines that follow.
ask() {
    local host=$1
    shift
    printf '%s\n' "$hello" "$@" CLOSE | exchange "$host"
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
