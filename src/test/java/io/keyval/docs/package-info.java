/**
 * The pages for people, README.md and docs/, held against the code: they tell all, and the truth.
 */
@NullMarked
package io.keyval.docs;

import org.jspecify.annotations.NullMarked;
