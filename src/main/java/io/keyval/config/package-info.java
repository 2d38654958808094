/**
 * The settings of a node, bound and validated before anything starts.
 *
 * <p>Layer: below everything that has settings; knows nothing of it. One immutable record a topic;
 * each component documents its property, and that text becomes the generated metadata.
 */
@NullMarked
package io.keyval.config;

import org.jspecify.annotations.NullMarked;
