package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.keyval.store.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What leaders and followers do when one of them becomes the other. */
class RoleChangeTests {

    @TempDir private Path directory;

    @Test
    void whenAFollowerIsPromotedThenItsOldLeaderStopsTakingWrites() {
        try (ReplicaNode old = ReplicaNode.leader(directory.resolve("1"));
                ReplicaNode next = follower(2, old);
                ReplicaNode other = follower(3, old)) {
            assertThat(old.ask("PUT a 1")).containsExactly("OK");
            awaitEqual(old, next, other);

            next.replication().promote(false);

            assertThat(next.ask("PUT a 2")).containsExactly("OK");
            await().until(() -> old.store().role() == Role.FOLLOWER);
            assertThat(old.ask("PUT a 3", "GET a")).containsExactly("WRITE_NOT_ALLOWED", "1");
            assertThat(old.replication().superseded()).contains("follower 2");
            await().untilAsserted(
                            () -> {
                                assertThat(old.replication().followers()).isEmpty();
                                LinkStatus link = other.replication().link();
                                assertThat(link).isNotNull();
                                assertThat(link.state()).isEqualTo(LinkStatus.State.REFUSED);
                            });

            other.replication().follow("127.0.0.1", next.port(), null);
            old.replication().follow("127.0.0.1", next.port(), 4);

            await().untilAsserted(() -> assertThat(old.ask("GET a")).containsExactly("2"));
            awaitEqual(next, old, other);
            assertThat(old.replication().superseded()).isNull();
            await().untilAsserted(
                            () -> assertThat(next.resyncs("partial")).isGreaterThanOrEqualTo(2));
            assertThat(next.resyncs("full")).as("its own first sync").isEqualTo(1);
        }
    }

    @Test
    void whenAnOldLeaderFollowsThenWhatOnlyItHadIsKeptAside() throws IOException {
        try (ReplicaNode old = ReplicaNode.leader(directory.resolve("1"));
                ReplicaNode next = follower(2, old)) {
            assertThat(old.ask("PUT a 1")).containsExactly("OK");
            awaitEqual(old, next);
            next.replication().follow("127.0.0.1", closedPort(), null);
            await().until(() -> old.replication().followers().isEmpty());
            assertThat(old.ask("PUT b lost")).containsExactly("OK");

            next.replication().promote(true);
            assertThat(next.ask("PUT c 3")).containsExactly("OK");
            assertThat(old.store().role()).isEqualTo(Role.LEADER);
            old.replication().follow("127.0.0.1", next.port(), 3);

            await().untilAsserted(
                            () ->
                                    assertThat(old.ask("GET a", "GET b", "GET c"))
                                            .containsExactly("1", "", "3"));
            awaitEqual(next, old);
            await("its own and the old leader's").until(() -> next.resyncs("full") == 2);
            assertThat(setAside("1")).hasSize(1);
            assertThat(Files.readString(setAside("1").getFirst(), StandardCharsets.ISO_8859_1))
                    .contains("lost");
        }
    }

    @Test
    void whenAFollowerWasNeverInStepThenItIsPromotedByForceOnly() {
        try (ReplicaNode alone = ReplicaNode.follower(2, directory.resolve("2"), closedPort())) {
            assertThatThrownBy(() -> alone.replication().promote(false))
                    .isInstanceOf(PromotionException.class);
            assertThat(alone.ask("PUT a 1")).containsExactly("WRITE_NOT_ALLOWED");

            alone.replication().promote(true);

            assertThat(alone.ask("PUT a 1", "GET a")).containsExactly("OK", "1");
        }
    }

    @Test
    void whenALeaderIsRebornEmptyThenAFollowerKeepsWhatItHas() throws IOException {
        ReplicaNode follower;
        try (ReplicaNode leader = ReplicaNode.leader(directory.resolve("1"))) {
            follower = follower(2, leader);
            assertThat(leader.ask("PUT a 1")).containsExactly("OK");
            awaitEqual(leader, follower);
        }
        try (follower;
                ReplicaNode reborn = ReplicaNode.leader(directory.resolve("reborn"))) {
            follower.replication().follow("127.0.0.1", reborn.port(), null);

            await().untilAsserted(
                            () -> {
                                LinkStatus link = follower.replication().link();
                                assertThat(link).isNotNull();
                                assertThat(link.state()).isEqualTo(LinkStatus.State.REFUSED);
                                assertThat(link.reason()).contains("accept-empty-leader");
                            });
            assertThat(follower.ask("GET a")).containsExactly("1");

            assertThat(reborn.ask("PUT b 2")).containsExactly("OK");
            await().untilAsserted(
                            () ->
                                    assertThat(follower.ask("GET a", "GET b"))
                                            .containsExactly("", "2"));
            assertThat(setAside("2")).hasSize(1);
        }
    }

    @Test
    void whenItIsAllowedThenAnEmptyLeaderEmptiesAFollower() {
        ReplicaNode follower;
        try (ReplicaNode leader = ReplicaNode.leader(directory.resolve("1"))) {
            follower =
                    ReplicaNode.follower(
                            2,
                            directory.resolve("2"),
                            leader.port(),
                            "keyval.replication.accept-empty-leader=true");
            assertThat(leader.ask("PUT a 1")).containsExactly("OK");
            awaitEqual(leader, follower);
        }
        try (follower;
                ReplicaNode empty = ReplicaNode.leader(directory.resolve("empty"))) {
            follower.replication().follow("127.0.0.1", empty.port(), null);

            await().untilAsserted(() -> assertThat(follower.ask("GET a")).containsExactly(""));
        }
    }

    private ReplicaNode follower(int id, ReplicaNode leader) {
        return ReplicaNode.follower(id, directory.resolve("" + id), leader.port());
    }

    private static void awaitEqual(ReplicaNode leader, ReplicaNode... followers) {
        for (ReplicaNode follower : followers) {
            await().untilAsserted(
                            () -> {
                                assertThat(follower.isStreaming()).isTrue();
                                assertThat(follower.store().wal().position())
                                        .isEqualTo(leader.store().wal().position());
                                assertThat(follower.store().digest())
                                        .isEqualTo(leader.store().digest());
                            });
        }
    }

    private List<Path> setAside(String node) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(node))) {
            return files.filter(file -> file.toString().contains(".replaced-")).toList();
        }
    }

    /** A port that nobody listens on. */
    private static int closedPort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
