package io.keyval.store;

/**
 * Spreads keys over the hash table. Anyone may choose keys, so nobody may be able to choose their
 * hashes. Thread-safe.
 */
interface KeyHash {

    /** A hash of {@code length} bytes at {@code from}; every bit of it is used. */
    long of(byte[] bytes, int from, int length);
}
