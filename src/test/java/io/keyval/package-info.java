/** Tests of the whole node: its start and its architecture. */
@NullMarked
package io.keyval;

import org.jspecify.annotations.NullMarked;
