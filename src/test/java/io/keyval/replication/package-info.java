/** Nodes in this process that replicate over real sockets, and the parts they are made of. */
@NullMarked
package io.keyval.replication;

import org.jspecify.annotations.NullMarked;
