/** Tests of the cluster on one thread, or in one process. */
@NullMarked
package io.keyval.cluster;

import org.jspecify.annotations.NullMarked;
