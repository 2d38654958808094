/**
 * What a node tells about itself over HTTP: health, the replication endpoint, meters; and who may
 * ask.
 *
 * <p>Layer: the top. Reads everything, changes nothing, and no other package knows it.
 */
@NullMarked
package io.keyval.actuate;

import org.jspecify.annotations.NullMarked;
