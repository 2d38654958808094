package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Power cuts at any operation on a {@link SimulatedDisk}. Each seed is a life of several processes
 * on one log, ended by kills and power cuts.
 *
 * <p>{@code -Dkeyval.seeds=100000} runs that many; {@code -Dkeyval.seed=N} runs one.
 */
class LostPageCacheTests {

    private static final Path FILE = SampleLog.FILE;
    private static final Path SYNC = Path.of(FILE + Wal.SYNC_SUFFIX);

    @Test
    void whenThePowerGoesThenEverythingAcknowledgedIsThereAndTheLogStarts() {
        Long one = Long.getLong("keyval.seed");
        LongStream seeds =
                one == null
                        ? LongStream.range(0, Long.getLong("keyval.seeds", 600))
                        : LongStream.of(one);
        seeds.forEach(
                seed -> {
                    try {
                        new Life(seed, seed % 4 == 3).run();
                    } catch (RuntimeException | AssertionError e) {
                        throw new AssertionError("seed %d: %s".formatted(seed, e), e);
                    }
                });
    }

    /** One log, what was handed to it, and what it acknowledged. */
    private static final class Life {

        private final Random random;
        private final boolean reserving;
        private final List<Entry> log = new ArrayList<>();
        private final List<Epoch> epochs = new ArrayList<>();
        private SimulatedDisk disk = new SimulatedDisk();
        private Contents contents = new Contents();
        private int acknowledged;
        private Wal wal;
        private int values;
        private boolean uncertain;

        Life(long seed, boolean reserving) {
            this.random = new Random(seed);
            this.reserving = reserving;
        }

        void run() {
            int processes = 2 + random.nextInt(5);
            for (int i = 0; i < processes; i++) {
                process();
            }
            wal = open();
            check();
            wal.close();
        }

        private void process() {
            AtomicInteger left = new AtomicInteger(3 + random.nextInt(60));
            boolean failing = random.nextInt(4) == 0;
            Random faults = new Random(random.nextLong());
            SimulatedDisk.Fault die =
                    (operation, file, bytes) -> {
                        if (operation.equals("read")) {
                            return bytes;
                        }
                        if (left.decrementAndGet() < 0) {
                            throw new IOException("the process is dying");
                        }
                        if (!failing || faults.nextInt(12) > 0) {
                            return bytes;
                        }
                        if (operation.equals("write") && faults.nextBoolean() && bytes > 1) {
                            return 1 + faults.nextInt(bytes - 1);
                        }
                        throw new IOException("injected into " + operation);
                    };
            disk.failWith(random.nextInt(5) == 0 ? die : SimulatedDisk.Fault.NONE);
            uncertain = false;
            try {
                wal = open();
                check();
                disk.failWith(die);
                int steps = 1 + random.nextInt(12);
                for (int i = 0; i < steps; i++) {
                    step();
                }
                if (random.nextInt(3) > 0) {
                    end();
                }
                wal.close();
            } catch (DataDirectoryException e) {
                // A fault while it opened; nothing was acknowledged by this process.
            }
            if (random.nextInt(3) == 0) {
                end();
            } else {
                disk.failWith(SimulatedDisk.Fault.NONE);
            }
        }

        /** The process dies, and in most cases the machine with it. */
        private void end() {
            disk = random.nextInt(4) == 0 ? disk.kill() : disk.powerCut(random);
        }

        private Wal open() {
            contents = new Contents();
            WalOptions options = WalOptions.DEFAULTS.withFiles(disk);
            return Wal.open(FILE, reserving ? options.withReserve() : options, contents);
        }

        private void step() {
            try {
                switch (random.nextInt(8)) {
                    case 0 -> epochs.add(new Epoch(wal.startEpoch(), wal.position() + 1));
                    case 1 -> wal.compact(liveWhileWriting(), random.nextInt(3) * 300L);
                    case 2 -> sync();
                    default -> appendTogether(1 + random.nextInt(3));
                }
            } catch (LogRefusedException e) {
                // It left no trace.
            } catch (LogFailedException e) {
                uncertain = true;
            }
        }

        /** The live records, with writes going on before and behind the walk over them. */
        private LiveRecords liveWhileWriting() {
            return new LiveRecords() {
                @Override
                public void forEach(BiConsumer<byte[], byte[]> entry) {
                    appendTogether(1);
                    contents.forEach(entry);
                    appendTogether(2);
                }

                @Override
                public long encodedSize() {
                    return contents.encodedSize();
                }
            };
        }

        /** The same log, as a full sync brings it, takes the place of this one. */
        private void sync() {
            if (uncertain) {
                return;
            }
            try {
                disk.delete(SYNC);
                try (FileChannel target =
                                disk.open(
                                        SYNC, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        WalCursor cursor = wal.cursorFromStart()) {
                    long at = 0;
                    ByteBuffer bytes;
                    while ((bytes = cursor.read(200)) != null) {
                        int length = bytes.remaining();
                        LogOpener.writeFully(target, bytes, at);
                        at += length;
                    }
                }
                Contents copied = new Contents();
                Wal copy = Wal.open(SYNC, WalOptions.DEFAULTS.withFiles(disk), copied);
                assertThat(copy.position()).isEqualTo(wal.position());
                assertThat(copied.state()).isEqualTo(contents.state());
                wal.close();
                wal = copy;
                contents = copied;
                try {
                    copy.moveTo(FILE);
                } catch (WalException e) {
                    copy.close();
                    throw e;
                }
            } catch (IOException | DataDirectoryException e) {
                // It did not get there.
            }
        }

        /** Appends groups that share a frame, because the first is held until all wait. */
        private void appendTogether(int groups) {
            CountDownLatch taken = new CountDownLatch(1);
            CompletableFuture<Void> queued = new CompletableFuture<>();
            Group first =
                    new Group(contents, entries()) {
                        @Override
                        public void committed(long position) {
                            super.committed(position);
                            taken.countDown();
                            queued.join();
                        }

                        @Override
                        public void refused(WalException cause) {
                            super.refused(cause);
                            taken.countDown();
                            queued.join();
                        }
                    };
            List<Group> all = new ArrayList<>(List.of(first));
            Wal target = wal;
            CompletableFuture.runAsync(() -> target.append(first));
            try {
                taken.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            for (int i = 1; i < groups; i++) {
                Group next = new Group(contents, entries());
                all.add(next);
                wal.append(next);
            }
            queued.complete(null);
            all.forEach(this::note);
        }

        private void note(Group group) {
            try {
                long position = group.position();
                assertThat(uncertain).as("acknowledged behind a failure").isFalse();
                assertThat(position).isEqualTo(log.size() + 1);
                log.addAll(group.entries);
                acknowledged = log.size();
            } catch (LogRefusedException e) {
                // It left no trace.
            } catch (LogFailedException e) {
                uncertain = true;
                log.addAll(group.entries);
            }
        }

        private List<Entry> entries() {
            List<Entry> entries = new ArrayList<>();
            int count = 1 + random.nextInt(3);
            for (int i = 0; i < count; i++) {
                String key = "k" + random.nextInt(6);
                String value = "v" + values++ + "x".repeat(random.nextInt(700));
                entries.add(random.nextInt(4) == 0 ? Entry.delete(key) : Entry.put(key, value));
            }
            return entries;
        }

        /** What is open now is a prefix of what was handed in, with all that was acknowledged. */
        private void check() {
            int position = (int) wal.position();
            assertThat(position).isBetween(acknowledged, log.size());
            assertThat(contents.state())
                    .as("state at %d", position)
                    .isEqualTo(Contents.stateOf(log.subList(0, position)));
            assertThat(wal.history()).containsAll(epochs);
            log.subList(position, log.size()).clear();
            acknowledged = position;
            epochs.clear();
            epochs.addAll(wal.history());
        }
    }
}
