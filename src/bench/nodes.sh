# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # variables are shared with the scripts and lib.sh
# Clusters of keyval, for the scripts of this directory that source it behind lib.sh. The nodes of a cluster are called
# n1, n2 and so on by their ids.

declare -A raft=()
peers=

# Starts the nodes 1 to $1, and returns when all are ready.
start_cluster() { # nodes, settings
    local count=$1 id
    shift
    cluster_settings=("$@")
    peers=
    for ((id = 1; id <= count; id++)); do
        give_ports "$id"
        peers+=${peers:+,}$id@127.0.0.1:${raft[n$id]}
    done
    for ((id = 1; id <= count; id++)); do
        launch_node "$id"
    done
    for ((id = 1; id <= count; id++)); do
        await_ready "n$id"
    done
}

give_ports() { # id
    free_port
    port[n$1]=$REPLY
    free_port
    http[n$1]=$REPLY
    free_port
    raft[n$1]=$REPLY
}

# Starts a node of the cluster, for the first time or again.
launch_node() { # id, settings
    local id=$1
    shift
    launch_keyval "n$id" --spring.profiles.active=cluster "--keyval.id=$id" "--keyval.cluster.peers=$peers" \
        --keyval.address=127.0.0.1 "${cluster_settings[@]}" "$@"
}

# Starts a node that is to join the cluster, and returns when it answers.
launch_new_node() { # id
    give_ports "$1"
    local peers=$peers,$1@127.0.0.1:${raft[n$1]}
    launch_node "$1" --keyval.cluster.join=true
    until curl -sf -m 5 -o /dev/null "http://127.0.0.1:${http[n$1]}/livez"; do
        alive "n$1" || die "n$1 has ended."
        sleep 0.05
    done
}

# Adds a node that was started to join, and returns when it is ready.
add_node() { # id
    change POST nodes "{\"node\":\"$1@127.0.0.1:${raft[n$1]}\",\"voting\":true}"
    peers+=,$1@127.0.0.1:${raft[n$1]}
    await_ready "n$1"
}

remove_node() { # id
    change DELETE "nodes/$1"
    peers=$(printf '%s' "$peers" | tr , '\n' | grep -v "^$1@" | paste -sd,)
}

# Asks the node that leads to change the cluster.
change() { # method, path, body or nothing
    local said
    said=$(curl -sS --fail-with-body -u "keyval:$KEYVAL_SECRET" -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} \
        "http://127.0.0.1:${http[$(leader)]}/actuator/cluster/$2") || die "$1 $2: $said"
}

# Returns when a node knows the leader and has caught up.
await_ready() { # name
    local i
    for ((i = 0; i < 6000; i++)); do
        curl -sf -m 5 -o /dev/null "http://127.0.0.1:${http[$1]}/readyz" && return
        alive "$1" || die "$1 has ended."
        sleep 0.02
    done
    die "$1 does not become ready."
}

# The name of the node that leads.
leader() {
    local i name
    for ((i = 0; i < 3000; i++)); do
        for name in "${!raft[@]}"; do
            if [ -n "${pid[$name]:-}" ] && alive "$name" &&
                curl -sf -m 2 "http://127.0.0.1:${http[$name]}/actuator/cluster" | grep -q '"role":"leader"'; then
                printf '%s\n' "$name"
                return
            fi
        done
        sleep 0.02
    done
    die 'No node leads.'
}

# Ends a node by SIGKILL.
kill_node() { # name
    local process
    process=$(process "$1")
    kill -9 "$process" "${pid[$1]}" 2>/dev/null || true
    while kill -0 "$process" 2>/dev/null; do
        sleep 0.001
    done
    wait "${pid[$1]}" 2>/dev/null || true
    unset "pid[$1]"
}

# The client ports of nodes, with commas between.
ports_of() { # names
    local name list=
    for name in "$@"; do
        list+=${list:+,}${port[$name]}
    done
    printf '%s\n' "$list"
}

# Starts clients that go on whatever happens (see driver.c); they obey what is written to file descriptor 7, and what they
# say is read from 8.
start_driver() { # options
    mkfifo "$work/orders" "$work/answers"
    "$build/driver" "$@" <"$work/orders" >"$work/answers" 2>"$work/driver.out" &
    pid[driver]=$!
    out[driver]=$work/driver.out
    exec 7>"$work/orders" 8<"$work/answers"
}

# Sets REPLY to what the clients say next.
answer() {
    read -r -t 120 REPLY <&8 || die 'The clients say nothing.'
}

# Sets REPLY to what the clients counted since the last time.
stats() {
    printf 'stats\n' >&7
    answer
}
