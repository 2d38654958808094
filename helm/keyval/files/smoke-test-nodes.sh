# shellcheck shell=bash
# The end of smoke-test.sh where the nodes are a cluster: what is written through WRITE_HOST is there at every
# node, at once unless nodes answer from memory. NODES are their names, with spaces between, and NODE_PORT is
# their own port.

key="smoke-test-$RANDOM$RANDOM"
replies=$(ask "$WRITE_HOST" "PUT $key at every node")
expect 'PUT at any node' "$replies" OK
for node in $NODES; do
    for _ in {1..10}; do
        replies=$(PORT=$NODE_PORT ask "$node" "GET $key")
        [[ $replies != *'at every node'* ]] || break
        sleep 1
    done
    expect "GET at $node" "$replies" 'at every node'
done
replies=$(ask "$WRITE_HOST" "DELETE $key")
expect 'DELETE at any node' "$replies" OK
