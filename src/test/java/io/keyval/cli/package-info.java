/** Commands on real log files, whole and damaged. */
@NullMarked
package io.keyval.cli;

import org.jspecify.annotations.NullMarked;
