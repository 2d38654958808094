package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.ratis.protocol.RaftGroupId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept from Ratis, and given back. */
class GroupDirectoriesTests {

    @TempDir private Path dataDir;

    private final RaftGroupId group = ShardGroup.groupId("keyval", 0);
    private Path storage;
    private Path current;
    private GroupDirectories directories;

    @BeforeEach
    void create() throws IOException {
        storage = Files.createDirectory(dataDir.resolve("raft"));
        current = storage.resolve(group.getUuid().toString()).resolve("current");
        directories = new GroupDirectories(storage);
    }

    @Test
    void whenNoGroupIsThereThenItIsEmptyAndNothingIsHidden() throws IOException {
        assertThat(directories.isEmpty()).isTrue();
        directories.hideUnformed(group);
        directories.show(group);
        assertThat(directories.isEmpty()).isTrue();
    }

    @Test
    void whenAGroupHasNoMembersYetThenItIsHiddenUntilItIsShown() throws IOException {
        Path log = Files.writeString(Files.createDirectories(current).resolve("log"), "entries");
        directories.hideUnformed(group);
        assertThat(log).doesNotExist();
        assertThat(directories.isEmpty()).isFalse();
        directories.show(group);
        assertThat(log).hasContent("entries");
    }

    @Test
    void whenTheMembersOfAGroupWereStoredThenItIsLeftWhereItIs() throws IOException {
        Path members = Files.createDirectories(current).resolve("raft-meta.conf");
        Files.writeString(members, "members");
        directories.hideUnformed(group);
        assertThat(members).exists();
    }

    @Test
    void whenThereIsRoomThenNothingIsLeftOfLookingForIt() throws IOException {
        assertThat(directories.hasRoom()).isTrue();
        assertThat(dataDir).isDirectoryNotContaining(path -> path.endsWith("room"));
    }
}
