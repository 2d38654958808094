package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * A disk in memory that keeps what was forced apart from what is only in the page cache. At a power
 * cut, unforced writes are lost, kept or torn by 512-byte sectors, in any combination; names of
 * files that were made, renamed or removed are old or new until their directory was synced.
 *
 * <p>Thread-safe. After {@link #powerCut} or {@link #kill} every operation of the old disk fails.
 */
public final class SimulatedDisk implements WalFiles {

    /** What is asked before an operation is done. */
    @FunctionalInterface
    public interface Fault {

        Fault NONE = (operation, file, bytes) -> bytes;

        /**
         * Throws to make the operation fail, with nothing done.
         *
         * @param operation write, force, truncate, open, rename, delete, sync, link or read
         * @param bytes to be written, 0 for everything else
         * @return how many of the bytes are written
         */
        int check(String operation, Path file, int bytes) throws IOException;
    }

    private static final int SECTOR = 512;

    private sealed interface Change {}

    private record Written(int at, byte[] bytes) implements Change {}

    private record Truncated(int size) implements Change {}

    /** The content of one file, whatever its names. */
    private static final class Node {

        byte[] bytes = new byte[1024];
        int size;
        byte[] forced = new byte[0];
        List<Change> unforced = new ArrayList<>();

        void write(int at, byte[] content) {
            int end = at + content.length;
            if (end > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
            }
            System.arraycopy(content, 0, bytes, at, content.length);
            size = Math.max(size, end);
        }

        void truncate(int to) {
            if (to < size) {
                Arrays.fill(bytes, to, size, (byte) 0);
                size = to;
            }
        }

        byte[] content() {
            return Arrays.copyOf(bytes, size);
        }
    }

    /** A name that did or does stand for a node; null: for none. */
    private record Named(Path name, Node node) {}

    private final Map<Path, Node> names;
    private final Map<Path, Node> syncedNames;
    private final List<List<Named>> unsynced;
    private volatile boolean off;
    private volatile Fault fault = Fault.NONE;
    private volatile long usable = 1L << 40;

    /** An empty disk. */
    public SimulatedDisk() {
        this(new TreeMap<>(), new HashMap<>(), new ArrayList<>());
    }

    private SimulatedDisk(
            Map<Path, Node> names, Map<Path, Node> syncedNames, List<List<Named>> unsynced) {
        this.names = names;
        this.syncedNames = syncedNames;
        this.unsynced = unsynced;
    }

    /** Asks {@code other} before every operation from now on. */
    public void failWith(Fault other) {
        fault = other;
    }

    void usable(long bytes) {
        usable = bytes;
    }

    /** Puts a file here, forced and synced. */
    synchronized void put(Path file, byte[] content) {
        Node node = new Node();
        node.write(0, content);
        node.forced = content.clone();
        names.put(file, node);
        syncedNames.put(file, node);
    }

    /** What a reader sees now. */
    synchronized byte[] content(Path file) {
        return names.get(file).content();
    }

    synchronized Set<Path> files() {
        return Set.copyOf(names.keySet());
    }

    /** The process dies; what it wrote stays in the page cache. */
    public synchronized SimulatedDisk kill() {
        off = true;
        return new SimulatedDisk(names, syncedNames, unsynced);
    }

    /** The power goes; what comes back is decided by {@code random}. */
    public synchronized SimulatedDisk powerCut(Random random) {
        off = true;
        Map<Path, Node> kept = new HashMap<>(syncedNames);
        boolean ordered = random.nextBoolean();
        int until = random.nextInt(unsynced.size() + 1);
        for (int i = 0; i < unsynced.size(); i++) {
            if (ordered ? i < until : random.nextBoolean()) {
                for (Named named : unsynced.get(i)) {
                    if (named.node() == null) {
                        kept.remove(named.name());
                    } else {
                        kept.put(named.name(), named.node());
                    }
                }
            }
        }
        SimulatedDisk next = new SimulatedDisk();
        Map<Node, byte[]> contents = new HashMap<>();
        kept.forEach(
                (name, node) ->
                        next.put(
                                name,
                                contents.computeIfAbsent(node, n -> afterPowerCut(n, random))));
        return next;
    }

    private static byte[] afterPowerCut(Node node, Random random) {
        Node left = new Node();
        left.write(0, node.forced);
        int mode = random.nextInt(4);
        int until = random.nextInt(node.unforced.size() + 1);
        for (int i = 0; i < node.unforced.size(); i++) {
            switch (mode) {
                case 0 -> {} // Nothing reached the disk.
                case 1 -> { // In order, up to some point in the middle of a write.
                    if (i < until) {
                        apply(left, node.unforced.get(i));
                    } else if (i == until && node.unforced.get(i) instanceof Written written) {
                        int length = random.nextInt(written.bytes().length + 1);
                        left.write(written.at(), Arrays.copyOf(written.bytes(), length));
                    }
                }
                case 2 -> { // Each sector for itself.
                    if (node.unforced.get(i) instanceof Written written) {
                        sectors(left, written, random);
                    } else {
                        apply(left, node.unforced.get(i));
                    }
                }
                default -> { // Each write for itself; the file has its length all the same.
                    if (node.unforced.get(i) instanceof Written written) {
                        boolean there = random.nextBoolean();
                        if (there) {
                            apply(left, written);
                        } else if (written.at() + written.bytes().length > left.size) {
                            left.write(
                                    left.size,
                                    new byte[written.at() + written.bytes().length - left.size]);
                        }
                    } else {
                        apply(left, node.unforced.get(i));
                    }
                }
            }
        }
        return left.content();
    }

    private static void apply(Node node, Change change) {
        switch (change) {
            case Written written -> node.write(written.at(), written.bytes());
            case Truncated truncated -> node.truncate(truncated.size());
        }
    }

    private static void sectors(Node left, Written written, Random random) {
        int end = written.at() + written.bytes().length;
        for (int at = written.at(); at < end; ) {
            int next = Math.min(end, (at / SECTOR + 1) * SECTOR);
            if (random.nextBoolean()) {
                left.write(
                        at,
                        Arrays.copyOfRange(
                                written.bytes(), at - written.at(), next - written.at()));
            }
            at = next;
        }
    }

    private int check(String operation, Path file, int bytes) throws IOException {
        if (off) {
            throw new IOException("the power is off");
        }
        int allowed = fault.check(operation, file, bytes);
        if (off) {
            throw new IOException("the power is off");
        }
        return allowed;
    }

    private void name(Named... changes) {
        for (Named change : changes) {
            if (change.node() == null) {
                names.remove(change.name());
            } else {
                names.put(change.name(), change.node());
            }
        }
        unsynced.add(List.of(changes));
    }

    @Override
    public synchronized FileChannel open(Path file, OpenOption... options) throws IOException {
        check("open", file, 0);
        List<OpenOption> wanted = List.of(options);
        Node node = names.get(file);
        if (node != null && wanted.contains(StandardOpenOption.CREATE_NEW)) {
            throw new FileAlreadyExistsException(file.toString());
        }
        if (node == null) {
            if (!wanted.contains(StandardOpenOption.CREATE)
                    && !wanted.contains(StandardOpenOption.CREATE_NEW)) {
                throw new NoSuchFileException(file.toString());
            }
            node = new Node();
            name(new Named(file, node));
        }
        if (wanted.contains(StandardOpenOption.TRUNCATE_EXISTING) && node.size > 0) {
            node.truncate(0);
            node.unforced.add(new Truncated(0));
        }
        return new Channel(file, node, wanted.contains(StandardOpenOption.WRITE));
    }

    @Override
    public synchronized boolean exists(Path file) {
        return names.containsKey(file);
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        check("rename", from, 0);
        Node node = names.get(from);
        if (node == null) {
            throw new NoSuchFileException(from.toString());
        }
        name(new Named(from, null), new Named(to, node));
    }

    @Override
    public synchronized void link(Path file, Path second) throws IOException {
        check("link", file, 0);
        name(new Named(second, names.get(file)));
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
        check("delete", file, 0);
        if (names.containsKey(file)) {
            name(new Named(file, null));
        }
    }

    @Override
    public synchronized void syncDirectory(Path directory) throws IOException {
        check("sync", directory, 0);
        syncedNames.clear();
        syncedNames.putAll(names);
        unsynced.clear();
    }

    @Override
    public long usableSpace(Path file) {
        return usable;
    }

    private final class Channel extends FileChannel {

        private final Path file;
        private final Node node;
        private final boolean writable;
        private long at;

        Channel(Path file, Node node, boolean writable) {
            this.file = file;
            this.node = node;
            this.writable = writable;
        }

        private void open() throws IOException {
            if (!isOpen()) {
                throw new ClosedChannelException();
            }
        }

        @Override
        public int read(ByteBuffer target, long from) throws IOException {
            synchronized (SimulatedDisk.this) {
                open();
                check("read", file, 0);
                if (from >= node.size) {
                    return -1;
                }
                int length = Math.min(target.remaining(), node.size - (int) from);
                target.put(node.bytes, (int) from, length);
                return length;
            }
        }

        @Override
        public int write(ByteBuffer source, long to) throws IOException {
            synchronized (SimulatedDisk.this) {
                open();
                if (!writable) {
                    throw new NonWritableChannelException();
                }
                byte[] bytes = new byte[check("write", file, source.remaining())];
                source.get(bytes);
                node.write((int) to, bytes);
                node.unforced.add(new Written((int) to, bytes));
                return bytes.length;
            }
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            synchronized (SimulatedDisk.this) {
                open();
                check("truncate", file, 0);
                if (size < node.size) {
                    node.truncate((int) size);
                    node.unforced.add(new Truncated((int) size));
                }
                return this;
            }
        }

        @Override
        public void force(boolean metaData) throws IOException {
            synchronized (SimulatedDisk.this) {
                open();
                check("force", file, 0);
                node.forced = node.content();
                node.unforced.clear();
            }
        }

        @Override
        public long size() throws IOException {
            synchronized (SimulatedDisk.this) {
                open();
                return node.size;
            }
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            int read = read(target, at);
            at += Math.max(0, read);
            return read;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            int written = write(source, at);
            at += written;
            return written;
        }

        @Override
        public long position() {
            return at;
        }

        @Override
        public FileChannel position(long position) {
            at = position;
            return this;
        }

        @Override
        protected void implCloseChannel() {}

        @Override
        public long read(ByteBuffer[] targets, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long write(ByteBuffer[] sources, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel source, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }
    }
}
