package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.wal.Epoch;
import io.keyval.wal.LogId;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which follower continues and which one starts over. An epoch is written as its count and a letter
 * for its drawn part; a history as the epochs with the position each begins at.
 */
class ResyncTests {

    private static final LogId LOG = new LogId(new UUID(1, 1));
    private static final LogId OTHER = new LogId(new UUID(2, 2));

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    # case                                    | log   | epoch,position | history         | position | base | decision
                    a new follower of a leader with data      | other | 0,0            | 1a@1            | 9        | 0    | new-follower
                    a new follower of an empty leader         | other | 0,0            | 1a@1            | 0        | 0    | new-follower
                    a new follower of a compacted leader      | other | 0,0            | 1a@1            | 9        | 5    | new-follower
                    a follower with another log               | other | 1a,9           | 1a@1            | 9        | 0    | other-log
                    another log, to be emptied                | other | 1a,9           | 1b@1            | 0        | 0    | other-log

                    at position 0 of this log, no epoch yet   | same  | 0,0            | 1a@1            | 9        | 0    | 0
                    at position 0 of this log, epoch known    | same  | 1a,0           | 1a@1,2a@1       | 9        | 0    | 0
                    at position 0 of this log, epoch unknown  | same  | 1b,0           | 1a@1            | 9        | 0    | diverged
                    at position 0 of this log, compacted      | same  | 1a,0           | 1a@1            | 9        | 5    | compacted

                    behind in the running epoch               | same  | 1a,4           | 1a@1            | 9        | 0    | 4
                    with everything                           | same  | 1a,9           | 1a@1            | 9        | 0    | 9
                    behind, and the leader has restarted      | same  | 1a,4           | 1a@1,2a@10      | 12       | 0    | 4
                    at the end of the epoch before            | same  | 1a,9           | 1a@1,2a@10      | 12       | 0    | 9
                    a restarted leader that wrote nothing yet | same  | 1a,9           | 1a@1,2a@10      | 9        | 0    | 9
                    two restarts with nothing written between | same  | 1a,9           | 1a@1,2a@10,3a@10| 9        | 0    | 9
                    in an epoch that holds no record          | same  | 2a,9           | 1a@1,2a@10,3a@10| 12       | 0    | 9

                    beyond the end of an epoch                | same  | 1a,10          | 1a@1,2a@10      | 12       | 0    | diverged
                    beyond the end of an epoch with no record | same  | 2a,10          | 1a@1,2a@10,3a@10| 12       | 0    | diverged
                    ahead of a leader that lost its tail      | same  | 1a,12          | 1a@1,2a@10      | 9        | 0    | diverged
                    ahead of a leader in the same epoch       | same  | 1a,10          | 1a@1            | 9        | 0    | diverged
                    an epoch the leader does not know         | same  | 3a,9           | 1a@1,2a@5       | 12       | 0    | diverged
                    two leaders that both were the second     | same  | 2b,9           | 1a@1,2a@8       | 12       | 0    | diverged
                    led by the other second one, even behind  | same  | 2b,8           | 1a@1,2a@8       | 12       | 0    | diverged
                    left before the two second ones began     | same  | 1a,7           | 1a@1,2a@8       | 12       | 0    | 7
                    the lost leader after it had to follow    | same  | 1a,11          | 1a@1,2a@8       | 20       | 0    | diverged

                    at the base of a compacted leader         | same  | 1a,5           | 1a@1            | 9        | 5    | 5
                    just below the base                       | same  | 1a,4           | 1a@1            | 9        | 5    | compacted
                    an old epoch, at the base                 | same  | 1a,5           | 1a@1,2a@6       | 9        | 5    | 5
                    an old epoch, beyond its end              | same  | 1a,6           | 1a@1,2a@6       | 9        | 5    | diverged
                    diverged counts more than compacted       | same  | 1a,4           | 1a@1,2a@3       | 9        | 5    | diverged
                    """)
    void whenAFollowerComesThenItContinuesOnlyABeginningOfTheLeadersHistory(
            String name,
            String log,
            String at,
            String history,
            long position,
            long base,
            String expected) {
        String[] follower = at.split(",");
        Resync decision =
                Resync.decide(
                        new Resync.Follower(
                                log.equals("same") ? LOG : OTHER,
                                epoch(follower[0]),
                                Long.parseLong(follower[1])),
                        new Resync.Leader(LOG, history(history), position, base));
        String said =
                switch (decision) {
                    case Resync.Continue(long from) -> Long.toString(from);
                    case Resync.Full(Resync.Reason reason) -> reason.text();
                };
        assertThat(said).as(name).isEqualTo(expected);
    }

    private static long epoch(String text) {
        return text.equals("0") ? 0 : (long) (text.charAt(0) - '0') << 32 | text.charAt(1);
    }

    private static List<Epoch> history(String text) {
        List<Epoch> epochs = new ArrayList<>();
        for (String one : text.split(",")) {
            String[] parts = one.split("@");
            epochs.add(new Epoch(epoch(parts[0]), Long.parseLong(parts[1])));
        }
        return epochs;
    }
}
