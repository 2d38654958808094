/** Tests of the settings. */
@NullMarked
package io.keyval.config;

import org.jspecify.annotations.NullMarked;
