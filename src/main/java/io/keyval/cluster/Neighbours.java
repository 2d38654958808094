package io.keyval.cluster;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of the others: where their clients and HTTP are, and which storage each of
 * them has. The storage is kept in {@link ClusterFile}: a node that comes back without what it had
 * would vote, and forget what it said before. Thread-safe.
 */
final class Neighbours {

    /**
     * A node's word on itself.
     *
     * @param client host:port for clients, or null
     * @param http host:port of its HTTP, or null
     * @param storage tells its data directory from every other one
     * @param yours the storage that it knows of who has asked, or null
     * @param member whether who has asked holds the shard that it asked about, or null where the
     *     node that answers does not lead it, and so may not know the latest
     * @param founders the ids of all who formed the cluster as it was told; none where it joined,
     *     or does not know
     */
    record Word(
            int id,
            @Nullable String client,
            @Nullable String http,
            UUID storage,
            @Nullable UUID yours,
            @Nullable Boolean member,
            List<Integer> founders) {}

    private static final byte UNSAID = 0;
    private static final byte MEMBER = 1;
    private static final byte STRANGER = 2;

    private final ClusterSettings settings;
    private final Path dataDir;
    private final Map<Integer, Word> words = new ConcurrentHashMap<>();
    private ClusterFile file;

    Neighbours(ClusterSettings settings, Path dataDir, ClusterFile file) {
        this.settings = settings;
        this.dataDir = dataDir;
        this.file = file;
    }

    /** What a node has last said of itself, or null when it never did. */
    @Nullable Word of(int id) {
        return words.get(id);
    }

    /** The question who a node is. */
    synchronized byte[] question() {
        return ByteBuffer.allocate(22)
                .put(ForwardCodec.VERSION)
                .put(ForwardCodec.WHO)
                .putInt(settings.id())
                .putLong(file.storage().getMostSignificantBits())
                .putLong(file.storage().getLeastSignificantBits())
                .array();
    }

    /**
     * Answers the question of another node; {@code question} is behind its kind.
     *
     * @param member says whether the node of an id holds the shard, or null
     */
    synchronized byte[] answer(ByteBuffer question, IntFunction<@Nullable Boolean> member) {
        int asker;
        UUID storage;
        try {
            asker = question.getInt();
            storage = new UUID(question.getLong(), question.getLong());
        } catch (BufferUnderflowException e) {
            throw new ClusterException("A message of another node ends too early.", e);
        }
        UUID known = file.known().get(asker);
        if (known == null) {
            remember(asker, storage);
            known = storage;
        }
        byte[] client = bytes(settings.clientAddress());
        byte[] http = bytes(settings.httpAddress());
        List<Integer> founders = founders();
        ByteBuffer target =
                ByteBuffer.allocate(
                        1
                                + 4
                                + 16
                                + 16
                                + 4
                                + client.length
                                + 4
                                + http.length
                                + 1
                                + 4
                                + 4 * founders.size());
        target.put(ForwardCodec.VERSION).putInt(settings.id());
        put(target, file.storage());
        put(target, known);
        target.putInt(client.length).put(client).putInt(http.length).put(http);
        Boolean is = member.apply(asker);
        target.put(is == null ? UNSAID : is ? MEMBER : STRANGER);
        target.putInt(founders.size());
        founders.forEach(target::putInt);
        return target.array();
    }

    /**
     * Takes the answer of another node.
     *
     * @throws ClusterException if it is malformed
     */
    Word heard(ByteBuffer answer) {
        Word word;
        try {
            if (answer.get() != ForwardCodec.VERSION) {
                throw new ClusterException("An answer of another node is of another format.");
            }
            int id = answer.getInt();
            UUID storage = new UUID(answer.getLong(), answer.getLong());
            UUID yours = new UUID(answer.getLong(), answer.getLong());
            String client = text(answer);
            String http = text(answer);
            // Versions before this one say nothing of it.
            byte is = answer.hasRemaining() ? answer.get() : UNSAID;
            Boolean member = is == UNSAID ? null : is == MEMBER;
            List<Integer> founders = new ArrayList<>();
            for (int n = answer.hasRemaining() ? answer.getInt() : 0; n > 0; n--) {
                founders.add(answer.getInt());
            }
            word = new Word(id, client, http, storage, yours, member, List.copyOf(founders));
        } catch (BufferUnderflowException e) {
            throw new ClusterException("An answer of another node ends too early.", e);
        }
        words.put(word.id(), word);
        synchronized (this) {
            if (!file.known().containsKey(word.id())) {
                remember(word.id(), word.storage());
            }
        }
        return word;
    }

    /** Whether a node knows this one by its storage, and not by one that it had before. */
    synchronized boolean isKnownTo(Word word) {
        return file.storage().equals(word.yours());
    }

    /** Whether a node was told, as far as both know, of the same nodes to form the cluster with. */
    boolean agreesWith(Word word) {
        return word.founders().isEmpty()
                || founders().isEmpty()
                || founders().equals(word.founders());
    }

    private synchronized List<Integer> founders() {
        List<Integer> founders = file.founders();
        return founders == null ? List.of() : founders;
    }

    /** Forgets the storage of a node that is no member any more; it may come back with another. */
    synchronized void forget(int id) {
        words.remove(id);
        if (file.known().containsKey(id)) {
            file = file.without(id);
            file.write(dataDir);
        }
    }

    /** The ids of all nodes whose storage is known. */
    synchronized Set<Integer> known() {
        return Set.copyOf(file.known().keySet());
    }

    private void remember(int id, UUID storage) {
        file = file.with(id, storage);
        file.write(dataDir);
    }

    private static void put(ByteBuffer target, UUID id) {
        target.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    private static byte[] bytes(@Nullable String text) {
        return text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
    }

    private static @Nullable String text(ByteBuffer source) {
        int length = source.getInt();
        if (length < 0 || length > source.remaining()) {
            throw new ClusterException("An answer of another node ends too early.");
        }
        byte[] bytes = new byte[length];
        source.get(bytes);
        return length == 0 ? null : new String(bytes, StandardCharsets.UTF_8);
    }
}
