package io.keyval.wal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A log of varied records, and what stands where in it.
 *
 * @param bytes the whole file
 * @param frames all frames in order, those of a base too
 */
record SampleLog(byte[] bytes, List<Frame> frames) {

    static final Path FILE = Path.of("/data/leader.log");

    /** A frame and the records in it. */
    record Frame(int start, FrameHeader header, List<Entry> records) {

        int end() {
            return start + (int) header.size();
        }

        long lastPosition() {
            return header.type() == FrameCodec.RECORDS
                    ? header.lastPosition()
                    : header.firstPosition();
        }
    }

    /** Groups, epochs and a clean stop in the middle, ended without a seal. */
    static SampleLog plain(long seed) {
        SimulatedDisk disk = new SimulatedDisk();
        Random random = new Random(seed);
        run(disk, random, 12, false);
        return killed(disk, random, 12);
    }

    /** The same, closed at the end. */
    static SampleLog sealed(long seed) {
        SimulatedDisk disk = new SimulatedDisk();
        Random random = new Random(seed);
        run(disk, random, 12, false);
        run(disk, random, 12, false);
        return read(disk.content(FILE));
    }

    /** Compacted in the middle, then written to, ended without a seal. */
    static SampleLog compacted(long seed) {
        SimulatedDisk disk = new SimulatedDisk();
        Random random = new Random(seed);
        run(disk, random, 12, true);
        return killed(disk, random, 8);
    }

    /** Compacted and closed directly afterwards. */
    static SampleLog compactedAndSealed(long seed) {
        SimulatedDisk disk = new SimulatedDisk();
        Random random = new Random(seed);
        run(disk, random, 12, false);
        run(disk, random, 12, true);
        return read(disk.content(FILE));
    }

    private static void run(SimulatedDisk disk, Random random, int groups, boolean compact) {
        Contents contents = new Contents();
        try (Wal wal = Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk), contents)) {
            write(wal, contents, random, groups);
            if (compact) {
                wal.compact(contents, 0);
            }
        }
    }

    private static SampleLog killed(SimulatedDisk disk, Random random, int groups) {
        Contents contents = new Contents();
        try (Wal wal = Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk), contents)) {
            write(wal, contents, random, groups);
            return read(disk.kill().content(FILE));
        }
    }

    private static void write(Wal wal, Contents contents, Random random, int groups) {
        wal.startEpoch();
        for (int i = 0; i < groups; i++) {
            Entry[] entries = new Entry[1 + random.nextInt(5)];
            for (int j = 0; j < entries.length; j++) {
                entries[j] = Entry.random(random);
            }
            Group.append(wal, contents, entries);
        }
    }

    /** What a log file holds; it must be whole. */
    static SampleLog read(byte[] bytes) {
        List<Frame> frames = new ArrayList<>();
        SimulatedDisk disk = new SimulatedDisk();
        disk.put(FILE, bytes);
        try (FileChannel channel = disk.open(FILE, StandardOpenOption.READ)) {
            ScanResult result =
                    LogScanner.scan(
                            FILE,
                            channel,
                            new LogScanner.Visitor() {
                                @Override
                                public void frame(long offset, FrameHeader header) {
                                    frames.add(new Frame((int) offset, header, new ArrayList<>()));
                                }

                                @Override
                                public void put(byte[] key, byte[] value) {
                                    frames.getLast().records().add(new Entry(key, value));
                                }

                                @Override
                                public void delete(byte[] key) {
                                    frames.getLast().records().add(new Entry(key, null));
                                }
                            });
            if (result.damage() != null) {
                throw new AssertionError(result.damage());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new SampleLog(bytes, List.copyOf(frames));
    }

    /** Where the first frame begins. */
    int start() {
        return FrameCodec.FILE_HEADER_SIZE;
    }

    /** Behind the last frame of the base. */
    int baseEnd() {
        return frames.stream()
                .filter(frame -> frame.header().type() != FrameCodec.RECORDS)
                .mapToInt(Frame::end)
                .max()
                .orElse(start());
    }

    /** The frames that end at or before {@code cut}. */
    List<Frame> framesWithin(int cut) {
        return frames.stream().filter(frame -> frame.end() <= cut).toList();
    }

    static List<Entry> records(List<Frame> frames) {
        return frames.stream().flatMap(frame -> frame.records().stream()).toList();
    }
}
