/** What a node is deployed with, held against the node and against the systems that read it. */
@NullMarked
package io.keyval.deploy;

import org.jspecify.annotations.NullMarked;
