# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # variables are shared with compare and lib.sh
# The rows of compare. Each function measures, writes what it measured to $results, one line a measurement and row, server
# first, and its table to $tables.

# Runs lineload against a server and keeps its line.
measure() { # row, server, lineload options
    local row=$1 name=$2 line
    shift 2
    line=$(load "$name" "$@")
    printf '%s %s %s\n' "$row" "$name" "$line" | tee -a "$results" >&2
}

# Keeps a figure.
note() { # row, server, figure
    printf '%s %s %s\n' "$1" "$2" "$3" | tee -a "$results" >&2
}

# The median of a field of the lines that measure and note kept. Of lineload's: 3 rate, 6 p50, 9 p99, 12 p99.9.
figure() { # row, server, field
    awk -v r="$1" -v s="$2" -v f="$3" '$1 == r && $2 == s { print $f }' "$results" | median
}

table() { # heading, then the cells of the first line
    printf '\n%s\n\n' "$1" >>"$tables"
    shift
    cells "$@"
    cells "${@/*/---}"
}

cells() {
    {
        printf '|'
        printf ' %s |' "$@"
        printf '\n'
    } >>"$tables"
}

say() {
    printf '\n%s\n' "$*" >>"$tables"
}

ms() { # microseconds
    calc 2 "$1 / 1000"
}

ratio() {
    calc 2 "$1 / $2"
}

# A row of rates and latencies: keyval's, Redis's and, where measured, memcached's.
rate_cells() { # words, row, keyval's name, Redis's name
    local k r m
    k=$(figure "$2" "$3" 3)
    r=$(figure "$2" "$4" 3)
    m=$(figure "$2" memcached 3)
    cells "$1" "$(commas "$k")" "$(commas "$r")" "$(ratio "$k" "$r")" \
        "$(ms "$(figure "$2" "$3" 9)")" "$(ms "$(figure "$2" "$4" 9)")" \
        "$(ms "$(figure "$2" "$3" 12)")" "$(ms "$(figure "$2" "$4" 12)")" ${m:+"$(commas "$m")"}
}

rate_heading=(work keyval/s Redis/s ratio 'keyval p99 ms' 'Redis p99 ms' 'keyval p99.9 ms' 'Redis p99.9 ms')

rates() {
    local servers=(keyval redis) common=(-c 50 -d 64 -k 100000) name in_flight round extra=()
    if command -v memcached >/dev/null; then
        servers+=(memcached)
        extra=('memcached/s (no disk)')
        start_memcached memcached
    fi
    start_keyval keyval
    start_redis redis
    await_pong keyval
    await_pong redis
    [ ${#extra[@]} = 0 ] || await_port memcached
    for name in "${servers[@]}"; do
        load "$name" "${common[@]}" -load 100000 -P 16 >/dev/null
        load "$name" "${common[@]}" -get 100 -P 16 -w 0 -s 4 >/dev/null
        load "$name" "${common[@]}" -get 0 -P 16 -w 0 -s 4 >/dev/null
    done
    local -A share=([get]=100 [put]=0 [mix]=90)
    for ((round = 0; round < rounds; round++)); do
        for row in get put mix; do
            wanted $row || continue
            for in_flight in 1 16; do
                for name in "${servers[@]}"; do
                    measure "$row-$in_flight" "$name" "${common[@]}" -get "${share[$row]}" -P $in_flight -w 1 -s "$seconds"
                done
            done
        done
    done
    stop "${servers[@]}"
    rm -rf "${servers[@]/#/$work/}"
    table "50 connections, 64-byte values, 100,000 keys; medians of $rounds rounds of $seconds s in turn. A write is forced to disk before OK." \
        "${rate_heading[@]}" "${extra[@]}"
    local -A words=([get]='GET' [put]='PUT' [mix]='90 % GET, 10 % PUT')
    for row in get put mix; do
        wanted $row || continue
        for in_flight in 1 16; do
            rate_cells "${words[$row]}, $in_flight in flight" "$row-$in_flight" keyval redis
        done
    done
}

# Puts entries with 16-byte keys, 0 to N-1.
fill() { # server, entries, value size
    printf 'filling %s with %s entries\n' "$1" "$(commas "$2")" >&2
    load "$1" -c 16 -P 64 -K 16 -d "$3" -load "$2" >/dev/null
}

restart() { # keyval or Redis, its name, settings; the data stay
    local settings=("${@:3}") name=$2
    stop "$name"
    "start_$1" "$name" "${settings[@]}"
}

start_and_memory() {
    local entries=${ENTRIES:-5000000} round begun name
    # Filled without waiting for the disk: it is what they hold afterwards that is measured.
    local fast=(--keyval.wal.fsync=never) plain=(--aof-use-rdb-preamble no --auto-aof-rewrite-percentage 0)
    for name in keyval redis; do
        if [ $name = keyval ]; then
            start_keyval keyval "${fast[@]}"
        else
            start_redis redis "${plain[@]}" --appendfsync no
        fi
        await_pong $name
        note empty $name "$(resident $name)"
        note empty-allocated $name "$(allocated $name)"
        fill $name "$entries" 84
        note filled $name "$(calc 1 "($(resident $name) - $(figure empty $name 3)) / $entries - 100")"
        note allocated $name "$(calc 1 "($(allocated $name) - $(figure empty-allocated $name 3)) / $entries - 100")"
        stop $name
    done
    for ((round = 0; round < rounds; round++)); do
        for name in keyval redis; do
            begun=$EPOCHREALTIME
            if [ $name = keyval ]; then
                start_keyval keyval
            else
                start_redis redis "${plain[@]}"
            fi
            await_pong $name
            note start $name "$(since "$begun")"
            check_entries $name "$entries"
            if [ $round = 0 ]; then
                note replayed $name "$(calc 1 "($(resident $name) - $(figure empty $name 3)) / $entries - 100")"
            fi
            stop $name
        done
    done
    rm -rf "$work/keyval" "$work/redis"
    table "$(commas "$entries") entries, 16-byte keys, 84-byte values; medians of $rounds starts in turn. Redis: the same SETs as a plain AOF (\`aof-use-rdb-preamble no\`, never rewritten)." \
        what keyval Redis ratio
    ! wanted start || compared 'from exec to the first PONG, s' start 1
    if wanted memory; then
        compared 'resident bytes an entry above key and value, filled by clients' filled 0
        compared 'the same, after a start' replayed 0
        compared 'allocated bytes an entry above key and value, filled by clients' allocated 0
        say "$memory_words"
    fi
}

memory_words="Resident: VmRSS, of keyval after \`jcmd GC.run\`. Allocated: of keyval the heap in use behind that collection, direct buffers and the data off the heap, of Redis \`used_memory\`. Both less those of the same server when it was empty. A JVM keeps some of the heap that its start needed, so that its first megabytes of data lie in memory that was resident before."

# A row of two figures of which less is better.
compared() { # words, row, decimals
    local k r
    k=$(figure "$2" keyval 3)
    r=$(figure "$2" redis 3)
    cells "$1" "$(calc "$3" "$k")" "$(calc "$3" "$r")" "$(ratio "$k" "$r")"
}

entries_of() { # server
    if [ "${kind[$1]}" = keyval ]; then
        actuator "$1" replication | sed 's/.*"keys":\([0-9]*\).*/\1/'
    else
        redis-cli -p "${port[$1]}" dbsize
    fi
}

check_entries() { # server, entries
    local found
    found=$(entries_of "$1")
    [ "$found" = "$2" ] || die "$1 holds $found entries, not $2."
}

# Starts a follower or a replica of the server $2, which must be up.
start_copy() { # name, of, id
    if [ "${kind[$2]}" = keyval ]; then
        start_keyval "$1" --spring.profiles.active=follower "--keyval.id=$3" "--keyval.leader-port=${port[$2]}"
    else
        start_redis "$1" --replicaof 127.0.0.1 "${port[$2]}"
    fi
}

# Whether a copy has said that it is in sync.
in_sync() { # name
    local said
    if [ "${kind[$1]}" = keyval ]; then
        said=$(actuator "$1" replication) || return
        [[ $said == *'"state":"streaming"'* && $said == *'"lagRecords":0,'* ]]
    else
        said=$(redis-cli -p "${port[$1]}" info replication) || return
        [[ $said == *master_link_status:up* && $said == *master_sync_in_progress:0* ]]
    fi
}

await_sync() { # name
    local i
    for ((i = 0; i < 30000; i++)); do
        in_sync "$1" 2>/dev/null && return
        alive "$1" || die "$1 has ended."
        sleep 0.02
    done
    die "$1 is not in sync."
}

full_sync() {
    local entries=${SYNC_ENTRIES:-1000000} round begun name took
    start_keyval keyval --keyval.wal.fsync=never
    start_redis redis --appendfsync no --repl-diskless-sync-delay 0
    for name in keyval redis; do
        await_pong $name
        fill $name "$entries" 984
    done
    for ((round = 0; round < rounds; round++)); do
        for name in keyval redis; do
            rm -rf "$work/copy"
            begun=$EPOCHREALTIME
            start_copy copy $name 2
            await_sync copy
            took=$(since "$begun")
            note sync $name "$took"
            if [ $name = redis ]; then
                until [[ $(redis-cli -p "${port[copy]}" info persistence) == *aof_rewrite_in_progress:0*aof_rewrite_scheduled:0* ]]; do
                    sleep 0.02
                done
                took=$(since "$begun")
            fi
            note sync-disk $name "$took"
            check_entries copy "$entries"
            stop copy
        done
    done
    stop keyval redis
    rm -rf "$work/keyval" "$work/redis" "$work/copy"
    table "Full sync of $(commas "$entries") entries of 1,000 bytes to a new, empty follower on the same machine, from its exec; medians of $rounds in turn." \
        what keyval Redis ratio
    compared 'until the follower is in sync, s' sync 1
    compared 'until all of it is on the disk of the follower, s' sync-disk 1
    say "In sync: keyval's follower streams and lags by no record, and has forced its log; Redis's replica has \`master_link_status:up\`, and writes its AOF behind that. Redis sends without a file between (its default) and waits for no other replica (\`repl-diskless-sync-delay 0\`; its default is 5 s)."
}

with_followers() {
    local common=(-c 50 -d 64 -k 100000 -get 0) round name in_flight i begun
    start_keyval keyval
    start_redis redis
    for name in keyval redis; do
        await_pong $name
        for i in 2 3 4; do
            start_copy "$name-$i" $name $i
        done
        for i in 2 3 4; do
            await_sync "$name-$i"
        done
        load $name "${common[@]}" -load 100000 -P 16 >/dev/null
        load $name "${common[@]}" -P 16 -w 0 -s 4 >/dev/null
    done
    for ((round = 0; round < rounds; round++)); do
        for in_flight in 1 16; do
            for name in keyval redis; do
                measure "followers-$in_flight" $name "${common[@]}" -P $in_flight -w 1 -s "$seconds"
                begun=$EPOCHREALTIME
                caught_up $name
                note "caught-up-$in_flight" $name "$(since "$begun")"
            done
        done
    done
    stop keyval redis keyval-{2,3,4} redis-{2,3,4}
    rm -rf "$work"/keyval* "$work"/redis*
    table "PUT on a leader that three followers on the same machine copy, 50 connections, 64-byte values; medians of $rounds rounds of $seconds s in turn. All eight servers force what they write; neither leader waits for its followers." \
        "${rate_heading[@]}"
    for in_flight in 1 16; do
        rate_cells "PUT, $in_flight in flight" "followers-$in_flight" keyval redis
    done
    table 'How long the followers needed to catch up behind it.' what keyval Redis
    for in_flight in 1 16; do
        cells "PUT, $in_flight in flight, s" "$(calc 2 "$(figure "caught-up-$in_flight" keyval 3)")" \
            "$(calc 2 "$(figure "caught-up-$in_flight" redis 3)")"
    done
}

# Returns when all three copies of a server have what it has.
caught_up() { # name
    local i position
    for i in 2 3 4; do
        position=$(position_of "$1")
        until [ "$(position_of "$1-$i")" -ge "$position" ]; do
            alive "$1-$i" || die "$1-$i has ended."
            sleep 0.02
        done
    done
}

position_of() { # name
    if [ "${kind[$1]}" = keyval ]; then
        actuator "$1" replication | sed 's/^{[^{]*"position":\([0-9]*\).*/\1/'
    else
        redis-cli -p "${port[$1]}" info replication | tr -d '\r' |
            awk -F: '/^slave_repl_offset/ { s = $2 } /^master_repl_offset/ { m = $2 } END { print s == "" ? m : s }'
    fi
}

many_keys() {
    local many=${MANY_KEYS:-10000000} round name row in_flight=16 size
    local -A share=([get]=100 [put]=0) words=([get]=GET [put]=PUT) brand=([keyval]=keyval [redis]=Redis)
    for name in keyval redis; do
        for size in few many; do
            "start_$name" "$name-$size"
            await_pong "$name-$size"
        done
        load "$name-few" -c 50 -d 64 -load 100000 -P 64 >/dev/null
        printf 'filling %s with %s keys\n' $name "$(commas "$many")" >&2
        load "$name-many" -c 50 -d 64 -load "$many" -P 64 >/dev/null
        for size in few many; do
            load "$name-$size" -c 50 -d 64 -k 100000 -get 50 -P 16 -w 0 -s 4 >/dev/null
        done
    done
    for ((round = 0; round < rounds; round++)); do
        for row in get put; do
            for name in keyval redis; do
                measure "keys-$row" $name-few -c 50 -d 64 -k 100000 -get "${share[$row]}" -P $in_flight -w 1 -s "$seconds"
                measure "keys-$row" $name-many -c 50 -d 64 -k "$many" -get "${share[$row]}" -P $in_flight -w 1 -s "$seconds"
            done
        done
    done
    stop {keyval,redis}-{few,many}
    rm -rf "$work"/keyval* "$work"/redis*
    table "$(commas "$many") keys beside 100,000, 50 connections, 16 in flight, 64-byte values; medians of $rounds rounds of $seconds s in turn." \
        work server '100,000 keys, /s' "$(commas "$many") keys, /s" ratio
    for row in get put; do
        for name in keyval redis; do
            cells "${words[$row]}" "${brand[$name]}" "$(commas "$(figure "keys-$row" $name-few 3)")" \
                "$(commas "$(figure "keys-$row" $name-many 3)")" \
                "$(ratio "$(figure "keys-$row" $name-many 3)" "$(figure "keys-$row" $name-few 3)")"
        done
    done
}

idle_connections() {
    local connections=${CONNECTIONS:-10000} name empty used
    [ "$(ulimit -n)" -gt $((connections + 200)) ] ||
        die "$connections connections need more file descriptors than ulimit -n allows, $(ulimit -n)."
    for name in keyval redis; do
        if [ $name = keyval ]; then
            start_keyval keyval "--keyval.limits.max-connections=$((connections + 100))"
        else
            start_redis redis --maxclients $((connections + 100))
        fi
        await_pong $name
        empty=$(resident $name)
        used=$(allocated $name)
        hold $name "$connections"
        note idle $name "$(calc 0 "($(resident $name) - $empty) / $connections")"
        note idle-allocated $name "$(calc 0 "($(allocated $name) - $used) / $connections")"
        stop holder $name
    done
    table "$(commas "$connections") connections that have said HELLO (Redis: PING) and do nothing." what keyval Redis ratio
    compared 'resident bytes a connection' idle 0
    compared 'allocated bytes a connection' idle-allocated 0
    say "$memory_words"
}

# Returns when that many connections are open and have been answered; they stay until the holder is stopped.
hold() { # server, connections
    local i
    kind[holder]=attack
    out[holder]=$work/holder.out
    "$build/attack" idle -proto "${kind[$1]}" -p "${port[$1]}" -n "$2" -s 600 >"${out[holder]}" 2>&1 &
    pid[holder]=$!
    for ((i = 0; i < 600; i++)); do
        grep -q "^$2 open" "${out[holder]}" && return
        alive holder || die 'The connections could not be opened.'
        sleep 0.1
    done
    die 'The connections take too long to open.'
}

beside_etcd() {
    local round peers line in_flight
    start_keyval keyval
    free_port
    port[etcd]=$REPLY
    free_port
    peers=$REPLY
    out[etcd]=$work/etcd.out
    etcd --data-dir "$work/etcd" --listen-client-urls "http://127.0.0.1:${port[etcd]}" \
        --advertise-client-urls "http://127.0.0.1:${port[etcd]}" --listen-peer-urls "http://127.0.0.1:$peers" \
        --initial-advertise-peer-urls "http://127.0.0.1:$peers" --initial-cluster "default=http://127.0.0.1:$peers" \
        >"${out[etcd]}" 2>&1 &
    pid[etcd]=$!
    kind[etcd]=etcd
    await_pong keyval
    await_port etcd
    load keyval -c 64 -d 64 -k 100000 -get 0 -w 0 -s 4 >/dev/null
    for ((round = 0; round < rounds; round++)); do
        for in_flight in 1 16; do
            measure etcd-$in_flight keyval -c 64 -d 64 -k 100000 -get 0 -P $in_flight -w 1 -s "$seconds"
            line=$("$build/etcdload" -p "${port[etcd]}" -c 64 -P $in_flight -d 64 -k 100000 -w 1 -s "$seconds")
            printf 'etcd-%s etcd %s\n' $in_flight "$line" | tee -a "$results" >&2
        done
    done
    stop keyval etcd
    table "PUT of 64 clients, 64-byte values, beside one node of etcd, which is driven by its own gRPC protocol; medians of $rounds rounds of $seconds s in turn." \
        work keyval/s etcd/s ratio 'keyval p99 ms' 'etcd p99 ms'
    for in_flight in 1 16; do
        cells "PUT, $in_flight in flight" "$(commas "$(figure etcd-$in_flight keyval 3)")" \
            "$(commas "$(figure etcd-$in_flight etcd 3)")" \
            "$(ratio "$(figure etcd-$in_flight keyval 3)" "$(figure etcd-$in_flight etcd 3)")" \
            "$(ms "$(figure etcd-$in_flight keyval 9)")" "$(ms "$(figure etcd-$in_flight etcd 9)")"
    done
}
