/** Tests of what a node tells over HTTP. */
@NullMarked
package io.keyval.actuate;

import org.jspecify.annotations.NullMarked;
