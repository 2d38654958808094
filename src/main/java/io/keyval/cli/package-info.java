/**
 * The commands of the jar that start no node: {@code cli}, {@code status}, {@code import}, {@code
 * export}, {@code log}, {@code backup}, {@code restore}, {@code bench}.
 *
 * <p>Layer: the top, beside {@code actuate}. Knows {@code wal} only; nobody but the start knows it.
 * No Spring: a command answers in the time that a JVM needs to start.
 *
 * <p>What was asked for goes to standard output, everything else to standard error. All output is
 * UTF-8, and whatever bytes keys and values hold, only printable characters reach a terminal. Exit
 * codes are in {@code ExitCode}.
 */
@NullMarked
package io.keyval.cli;

import org.jspecify.annotations.NullMarked;
