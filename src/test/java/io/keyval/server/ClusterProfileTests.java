package io.keyval.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.it.LineClient;
import io.keyval.protocol.FollowerGate;
import io.keyval.store.KeyValueStore;
import io.keyval.store.MemoryBudget;
import io.keyval.store.Replica;
import io.keyval.store.Store;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.annotation.Bean;

/**
 * In the profile cluster the front door stands before another store, and there are no followers.
 */
class ClusterProfileTests {

    /** A store that answers two commands at a time. */
    static class TwoAtATime {

        @Bean
        Store store(MemoryBudget budget) {
            Replica replica = new Replica(budget);
            return new Store() {
                @Override
                public synchronized CompletionStage<List<Reply>> execute(
                        List<Command> batch, long maxBytes) {
                    List<Command> some = batch.subList(0, Math.min(2, batch.size()));
                    return CompletableFuture.supplyAsync(() -> apply(some));
                }

                private synchronized List<Reply> apply(List<Command> batch) {
                    return replica.apply(batch);
                }

                @Override
                public boolean isFull(List<Command> batch) {
                    return false;
                }
            };
        }
    }

    @TempDir private Path directory;

    @Test
    void whenTheStoreAnswersTheBeginningOfABatchThenTheRestFollowsInOrder() {
        try (TestNode node = start();
                LineClient client = node.client()) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 1000; i++) {
                lines.append("PUT k %d\nGET k\nDELETE k\n".formatted(i));
            }
            client.send(lines.append("CLOSE").toString());
            for (int i = 0; i < 1000; i++) {
                assertThat(client.read()).isEqualTo("OK");
                assertThat(client.read()).isEqualTo(Integer.toString(i));
                assertThat(client.read()).isEqualTo("OK");
            }
            assertThat(client.read()).isEqualTo("BYE");
        }
    }

    @Test
    void whenAFollowerComesThenItIsRefused() {
        try (TestNode node = start();
                LineClient follower = node.connect()) {
            follower.send("HELLO FOLLOWER|2:hush");
            assertThat(follower.read()).isEqualTo("CANNOT_ACCEPT_FOLLOWER_CONNECTION");
        }
    }

    @Test
    void whenTheProfileIsClusterThenThereIsNoLog() {
        try (TestNode node = start()) {
            assertThat(node.context().getBeanNamesForType(KeyValueStore.class)).isEmpty();
            assertThat(node.context().getBeanNamesForType(FollowerGate.class)).isEmpty();
            assertThat(directory).isEmptyDirectory();
        }
    }

    private TestNode start() {
        return TestNode.start(
                directory, List.of(TwoAtATime.class), "spring.profiles.active=cluster");
    }
}
