package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.server.RaftServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which followers that hear nothing are opened anew. */
class BarredFollowerTests {

    private static final Duration ELECTION = Duration.ofMillis(100);

    private FollowingNode node;
    private RaftServer.Division division;

    @BeforeEach
    void open(@TempDir Path directory) throws IOException {
        node = new FollowingNode(directory, ELECTION);
        division = node.division();
    }

    @AfterEach
    void close() throws IOException {
        node.close();
    }

    @Test
    void whenAPartOfASnapshotCameOutOfTurnThenItIsOpenedAnewAndNotBefore() throws Exception {
        node.send(1, 0, 0, 2).get(10, TimeUnit.SECONDS);
        assertThatIOException().isThrownBy(() -> node.sendSnapshot(1, 7));
        assertThat(BarredFollower.isBarred(division, node.logs(), Duration.ofMinutes(1))).isFalse();

        await().until(
                        () ->
                                BarredFollower.isBarred(
                                        division, node.logs(), ELECTION.multipliedBy(5)));
    }

    @Test
    void whenEntriesAreOnTheirWayToTheDiskThenItIsNot() throws Exception {
        node.send(1, 0, 0, 2).get(10, TimeUnit.SECONDS);
        node.holdTheDisk();
        node.send(1, 1, 2, 1);
        await().until(() -> quietFor(ELECTION.multipliedBy(3)));

        assertThat(BarredFollower.isBarred(division, node.logs(), ELECTION)).isFalse();
    }

    @Test
    void whenAllIsAnsweredThenItIsNot() throws Exception {
        node.send(1, 0, 0, 2).get(10, TimeUnit.SECONDS);

        assertThat(BarredFollower.isBarred(division, node.logs(), Duration.ZERO)).isFalse();
    }

    private boolean quietFor(Duration time) {
        return division.getInfo()
                        .getRoleInfoProto()
                        .getFollowerInfo()
                        .getLeaderInfo()
                        .getLastRpcElapsedTimeMs()
                > time.toMillis();
    }
}
