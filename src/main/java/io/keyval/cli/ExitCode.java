package io.keyval.cli;

import io.keyval.wal.LogReport;

/** What the process tells its caller. */
final class ExitCode {

    /** Done; of a log: all of it is good; of {@code status}: all nodes are well. */
    static final int GOOD = 0;

    /** Of a log: good but for a torn tail, of which nothing was promised. */
    static final int TORN_TAIL = 1;

    /** Of one command: the key was absent. */
    static final int ABSENT = 1;

    /** Of {@code status}: a node answers, and is not well. */
    static final int NOT_WELL = 1;

    /** Of a log: something that was durable is damaged, or it is no log. */
    static final int CORRUPT = 2;

    /** It could not be done; standard error says why, and what of it was done. */
    static final int REFUSED = 3;

    /** There is no node, or the connection to it broke. */
    static final int UNREACHABLE = 4;

    /** The command line is wrong. */
    static final int USAGE = 64;

    private ExitCode() {}

    static int of(LogReport.Verdict verdict) {
        return switch (verdict) {
            case GOOD -> GOOD;
            case TORN_TAIL -> TORN_TAIL;
            case CORRUPT -> CORRUPT;
        };
    }
}
