# shellcheck shell=bash
# What the scripts of this directory share. They source it from the project's root, with set -euo pipefail.
#
# Each run works in a directory of its own under $DATA (target/bench when not set), which is removed at its end together
# with every process that it started. JAVA_OPTS is what each keyval's JVM is given.

declare -A pid=() port=() http=() kind=() out=()
taken=' '
build=target/bench
parent=${DATA:-target/bench}

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

need() { # command, where it is from
    command -v "$1" >/dev/null || die "There is no $1 on the PATH; it comes with $2."
}

find_java() {
    local home
    java=${JAVA_HOME:+$JAVA_HOME/bin/}java
    "$java" -version 2>&1 | grep -q 'version "2[5-9]' && return
    for home in /usr/lib/jvm/* /opt/*; do
        if grep -qs 'JAVA_VERSION="2[5-9]' "$home/release"; then
            java=$home/bin/java
            export JAVA_HOME=$home
            return
        fi
    done
    die 'There is no Java 25; set JAVA_HOME to one.'
}

# Finds everything, compiles the load generators named, makes $work.
begin() { # names of C sources
    local source
    [ -f target/keyval.jar ] || die 'There is no target/keyval.jar; ./mvnw -B -DskipTests package builds it.'
    find_java
    need gcc 'gcc'
    need curl 'curl'
    mkdir -p "$build" "$parent"
    for source in "$@"; do
        gcc -O2 -pthread -o "$build/$source" "src/bench/$source.c"
    done
    work=$(mktemp -d "$parent/run.XXXXXX")
    # As many connections as the system lets this user have.
    ulimit -n "$(ulimit -Hn)"
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

finish() {
    local code=$? name
    trap - EXIT
    trap '' INT TERM HUP
    if [ $code -gt 0 ] && [ $code -lt 128 ]; then
        for name in "${!out[@]}"; do
            printf -- '--- %s said last:\n' "$name" >&2
            tail -n 5 "${out[$name]}" >&2 || true
        done
    fi
    for name in "${!pid[@]}"; do
        kill -CONT "${pid[$name]}" 2>/dev/null || true
    done
    stop "${!pid[@]}"
    rm -rf "$work"
    exit "$code"
}

# Stops what is called so, and returns when it has ended.
stop() { # names
    local name i
    for name in "$@"; do
        kill "${pid[$name]}" 2>/dev/null || true
    done
    for name in "$@"; do
        for ((i = 0; i < 600; i++)); do
            kill -0 "${pid[$name]}" 2>/dev/null || break
            sleep 0.05
        done
        kill -9 "${pid[$name]}" 2>/dev/null || true
        wait "${pid[$name]}" 2>/dev/null || true
        unset "pid[$name]" "out[$name]"
    done
}

# Sets REPLY to a port that nobody listens on, below those the system gives to clients.
free_port() {
    for (( ; ; )); do
        REPLY=$((20000 + RANDOM % 12000))
        [[ $taken == *" $REPLY "* ]] && continue
        taken+="$REPLY "
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$REPLY") 2>/dev/null; then
            return
        fi
    done
}

# Starts a node on free ports. Its data are in $work/<name>.
start_keyval() { # name, settings
    free_port
    port[$1]=$REPLY
    free_port
    http[$1]=$REPLY
    : >"$work/$1.out"
    launch_keyval "$@"
}

# Starts a node on the ports it has, by bin/keyval where that is there, else by java -jar.
launch_keyval() { # name, settings
    local name=$1 opts
    shift
    kind[$name]=keyval
    out[$name]=$work/$name.out
    local settings=("--keyval.port=${port[$name]}" "--management.server.port=${http[$name]}" "--keyval.data-dir=$work/$name" "$@")
    if [ -x bin/keyval ]; then
        KEYVAL_JAVA_OPTS=${JAVA_OPTS:-} bin/keyval "${settings[@]}" >>"${out[$name]}" 2>&1 &
    else
        read -ra opts <<<"${JAVA_OPTS:-}"
        "$java" ${opts[@]+"${opts[@]}"} -jar target/keyval.jar "${settings[@]}" >>"${out[$name]}" 2>&1 &
    fi
    pid[$name]=$!
}

# Starts a Redis that forces each write before it acknowledges it, unless the settings say otherwise.
start_redis() { # name, settings
    local name=$1
    shift
    free_port
    port[$name]=$REPLY
    kind[$name]=redis
    out[$name]=$work/$name.out
    mkdir -p "$work/$name"
    redis-server --port "${port[$name]}" --dir "$work/$name" --save '' --appendonly yes --appendfsync always \
        --daemonize no "$@" >"${out[$name]}" 2>&1 &
    pid[$name]=$!
}

start_memcached() { # name
    free_port
    port[$1]=$REPLY
    kind[$1]=memcached
    out[$1]=$work/$1.out
    memcached -p "${port[$1]}" -U 0 -m 1024 -u "$(id -un)" >"${out[$1]}" 2>&1 &
    pid[$1]=$!
}

alive() { # name
    kill -0 "${pid[$1]}" 2>/dev/null
}

# Returns when a server takes connections.
await_port() { # name
    local i
    for ((i = 0; i < 6000; i++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/${port[$1]}") 2>/dev/null && return
        alive "$1" || die "$1 has ended."
        sleep 0.01
    done
    die "$1 does not listen on port ${port[$1]}."
}

# Returns when a server answers PING by PONG.
await_pong() { # name
    local i
    for ((i = 0; i < 60000; i++)); do
        if pong "$1" 2>/dev/null; then
            return
        fi
        alive "$1" || die "$1 has ended."
        sleep 0.01
    done
    die "$1 does not answer on port ${port[$1]}."
}

pong() { # name
    local line='' said=''
    [ "${kind[$1]}" = redis ] || said=$'HELLO CLIENT\n'
    exec 9<>"/dev/tcp/127.0.0.1/${port[$1]}" || return
    if printf '%sPING\n' "$said" >&9; then
        [ -z "$said" ] || read -r -t 60 line <&9 || true
        read -r -t 60 line <&9 || true
    fi
    exec 9>&-
    [[ $line == *PONG* ]]
}

# Resident bytes of a server, of a node after a full garbage collection.
resident() { # name
    if [ "${kind[$1]}" = keyval ]; then
        collect "$1"
    fi
    awk '/^VmRSS/ { printf "%.0f\n", $2 * 1024 }' "/proc/$(process "$1")/status"
}

# Bytes in use by a server: of a node, right behind a full collection, the heap, direct buffers and the data.
allocated() { # name
    if [ "${kind[$1]}" = keyval ]; then
        collect "$1"
        actuator "$1" prometheus |
            awk '/^jvm_memory_used_bytes.*area="heap"/ || /^jvm_buffer_memory_used_bytes/ || /^keyval_memory_bytes/ { sum += $NF } END { printf "%.0f\n", sum }'
    else
        redis-cli -p "${port[$1]}" info memory | tr -d '\r' | awk -F: '$1 == "used_memory" { print $2 }'
    fi
}

collect() { # name
    local jcmd=jcmd
    [[ $java != */* ]] || jcmd=${java%/*}/jcmd
    "$jcmd" "$(process "$1")" GC.run >/dev/null
}

# The id of the process that serves: a launcher may have it as its child.
process() { # name
    local child
    child=$(cat "/proc/${pid[$1]}/task/${pid[$1]}/children" 2>/dev/null || true)
    if [ "${kind[$1]}" = keyval ] && [[ $(readlink "/proc/${pid[$1]}/exe") != */java ]] && [ -n "$child" ]; then
        printf '%s\n' "${child%% *}"
    else
        printf '%s\n' "${pid[$1]}"
    fi
}

actuator() { # name, path
    curl -sf "http://127.0.0.1:${http[$1]}/actuator/$2"
}

# Runs lineload against a server.
load() { # name, options
    local name=$1
    shift
    "$build/lineload" -proto "${kind[$name]}" -p "${port[$name]}" "$@"
}

# Seconds from $1 until now, both as $EPOCHREALTIME tells.
since() {
    awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}

# The median of the numbers on standard input.
median() {
    sort -g | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# 1234567.8 as 1,234,568.
commas() {
    printf '%.0f\n' "$1" | sed ':a; s/\B[0-9]\{3\}\>/,&/; ta'
}

# Calculates, with the decimals $1.
calc() { # decimals, expression
    awk "BEGIN { printf \"%.$1f\\n\", $2 }"
}

# Describes the machine, what was compared and, of a node that runs, its JVM.
machine() { # node or nothing
    local jcmd=jcmd line
    [[ $java != */* ]] || jcmd=${java%/*}/jcmd
    printf -- '- %s, %s cores, %s GB of memory, Linux %s, %s on %s\n' \
        "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
        "$(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)" "$(uname -r)" \
        "$(df --output=fstype "$work" | tail -n 1)" "$(df --output=source "$work" | tail -n 1)"
    printf -- '- keyval %s; %s\n' "$(git describe --always --dirty 2>/dev/null || echo 'of target/keyval.jar')" \
        "$("$java" -version 2>&1 | sed -n 2p)"
    if [ $# -gt 0 ] && alive "$1"; then
        line=$("$jcmd" "$(process "$1")" VM.command_line | sed -n 's/^jvm_args: *//p')
        printf -- '- JVM flags: %s\n' "${line:-none}"
    fi
    for line in redis-server etcd memcached; do
        if command -v $line >/dev/null; then
            printf -- '- %s: %s\n' $line "$($line --version | head -n 1)"
        fi
    done
    printf -- '- %s\n' "$(date -u '+%Y-%m-%d %H:%M UTC')"
}
