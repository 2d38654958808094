/**
 * What a client can ask and what it can be answered, as plain values.
 *
 * <p>Layer: the lowest. No Spring, no I/O, no bytes of any protocol: {@code protocol} turns lines
 * into these values and back, {@code store} executes them. All types are immutable by convention:
 * byte arrays are handed over, never copied, and nobody changes one after it was handed over.
 */
@NullMarked
package io.keyval.command;

import org.jspecify.annotations.NullMarked;
