/**
 * Histories of operations on a store, and whether they are linearizable.
 *
 * <p>A history is what clients saw: what they called, when, and what came back or did not. It is
 * linearizable when every operation can be given an instant between its call and its return so that
 * a single register for each key, used in the order of these instants, would have given the same
 * replies. Keys are independent of each other, so each is checked alone.
 */
@NullMarked
package io.keyval.it.history;

import org.jspecify.annotations.NullMarked;
