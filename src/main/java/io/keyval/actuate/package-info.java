/**
 * What a node tells about itself over HTTP, and what can be done to it there: health, endpoints,
 * meters, and who may use them.
 *
 * <p>Layer: the top. Reads everything, holds no state that anything else needs, and no other
 * package knows it. Whatever it asks can be asked by any thread at any time, also before the log is
 * replayed.
 */
@NullMarked
package io.keyval.actuate;

import org.jspecify.annotations.NullMarked;
