/**
 * What tests need to run real nodes and talk to them: processes from the built jar, plain sockets.
 */
@NullMarked
package io.keyval.it;

import org.jspecify.annotations.NullMarked;
