package io.keyval.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryLimitTests {

    private static final long MB = 1 << 20;

    private final Keyspace keyspace = new Keyspace();

    @AfterEach
    void close() {
        keyspace.close();
    }

    @Test
    void whenNoMoreFitsThenOnlyWhatNeedsMoreIsRefused() {
        MemoryLimit limit = new MemoryLimit(16 * MB, 1000 * MB);
        int count = fill(limit, 1000);
        assertThat(keyspace.memory()).isBetween(15 * MB, 16 * MB);
        assertThat(limit.reason(keyspace)).contains("16 MB").contains("keyval.limits.max-memory");
        assertThat(limit.admits(keyspace, key(0), new byte[900], 0)).isTrue();
        assertThat(limit.admits(keyspace, key(count), new byte[5000], 0)).isFalse();
        assertThat(limit.admits(keyspace, key(0), new byte[2000], 0)).isFalse();

        keyspace.remove(key(7));
        assertThat(limit.admits(keyspace, key(count), new byte[1000], 0)).isTrue();
        for (int i = 0; i < count; i++) {
            keyspace.remove(key(i));
        }
        assertThat(limit.reason(keyspace)).isNull();
        assertThat(limit.admits(keyspace, key(count), new byte[2000], 0)).isTrue();
        assertThat(limit.admits(keyspace, key(count), new byte[5000], 0)).isTrue();
    }

    @Test
    void whenWritesAreOnTheirWayThenTheyCountAsIfTheyWereThere() {
        MemoryLimit limit = new MemoryLimit(16 * MB, 1000 * MB);
        assertThat(limit.admits(keyspace, key(0), new byte[1000], 0)).isTrue();
        assertThat(limit.admits(keyspace, key(0), new byte[1000], 15 * MB)).isFalse();
        limit.admitted(15 * MB);
        assertThat(limit.admits(keyspace, key(0), new byte[1000], 0)).isFalse();
        assertThat(limit.reason(keyspace)).isNotNull();
        limit.arrived(15 * MB);
        assertThat(limit.reason(keyspace)).isNull();
        assertThat(limit.admits(keyspace, key(0), new byte[1000], 0)).isTrue();
    }

    @Test
    void whenLargeValuesFillTheirPartOfTheHeapThenSmallOnesStillFit() {
        MemoryLimit limit = new MemoryLimit(1000 * MB, 50 * MB);
        fill(limit, 100_000);
        assertThat(keyspace.heapMemory()).isBetween(29 * MB, 30 * MB);
        assertThat(limit.reason(keyspace)).contains("30 MB").contains("-Xmx");
        assertThat(limit.admits(keyspace, key(-1), new byte[100], 0)).isTrue();
        assertThat(limit.reason(keyspace)).isNotNull();
    }

    @Test
    void whenThereIsNoBoundThenEverythingFits() {
        MemoryLimit limit = new MemoryLimit(Long.MAX_VALUE, MB);
        assertThat(limit.admits(keyspace, key(1), new byte[10 << 20], 0)).isTrue();
        assertThat(limit.admits(keyspace, key(1), new byte[10], 0)).isTrue();
        assertThat(limit.reason(keyspace)).isNull();
    }

    @Test
    void whenNoBoundIsSetThenHeapAndDataTogetherLeaveRoomForTheRest() {
        assertThat(MemoryLimit.standard(1000 * MB, 250 * MB)).isEqualTo(450 * MB);
        assertThat(MemoryLimit.standard(1000 * MB, 900 * MB)).isEqualTo(100 * MB);
    }

    private int fill(MemoryLimit limit, int valueSize) {
        int count = 0;
        while (limit.admits(keyspace, key(count), new byte[valueSize], 0)) {
            keyspace.put(key(count++), new byte[valueSize]);
        }
        return count;
    }

    private static byte[] key(int number) {
        return ("key" + number).getBytes();
    }
}
