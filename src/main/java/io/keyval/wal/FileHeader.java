package io.keyval.wal;

/**
 * What stands at the start of a log file.
 *
 * @param id the history this file belongs to
 * @param basePosition records up to this position are in the file as base frames, as the state they
 *     led to; positions above it are all there, one by one. 0: there are no base frames
 */
record FileHeader(LogId id, long basePosition) {}
