/** Starts a node: arguments, settings, failures at start. */
@NullMarked
package io.keyval;

import org.jspecify.annotations.NullMarked;
