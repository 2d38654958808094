package io.keyval.console;

/** Looks at the node. Changes nothing, and may be asked at any time. */
interface NodeReader {

    NodeView read();
}
