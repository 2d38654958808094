package io.keyval.replication;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.KeyValueStore;
import io.keyval.store.Role;
import io.keyval.store.StoreSettings;
import io.keyval.wal.FsyncPolicy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** A store on a real log, without a network. */
final class TestStore implements AutoCloseable {

    private final GenericApplicationContext context = new AnnotationConfigApplicationContext();

    TestStore(Path directory, Role role) {
        StoreSettings settings =
                new StoreSettings(
                        directory,
                        "test.log",
                        role,
                        FsyncPolicy.ALWAYS,
                        Long.MAX_VALUE,
                        2,
                        0,
                        Long.MAX_VALUE);
        context.registerBean(StoreSettings.class, () -> settings);
        context.registerBean(KeyValueStore.class);
        context.refresh();
    }

    KeyValueStore store() {
        return context.getBean(KeyValueStore.class);
    }

    Reply put(String key, String value) {
        return store().execute(
                        List.of(
                                new Command.Put(
                                        key.getBytes(StandardCharsets.UTF_8),
                                        value.getBytes(StandardCharsets.UTF_8))))
                .toCompletableFuture()
                .join()
                .getFirst();
    }

    @Override
    public void close() {
        context.close();
    }
}
