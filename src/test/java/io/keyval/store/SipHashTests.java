package io.keyval.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SipHashTests {

    /** What CPython 3.11 answers, whose hash of bytes is SipHash-1-3 too, under the key 0. */
    @ParameterizedTest
    @CsvSource({
        "1, 26144e6cff3ac45c",
        "7, df736fc88c20792a",
        "8, 13c8df4ec019b503",
        "9, dfb5eb7cc3223b49",
        "16, 610125500b21b982",
        "23, 531d14b303e627fd",
        "64, 1e7822224874b116"
    })
    void whenBytesAreHashedThenItIsSipHash13(int length, String expected) {
        byte[] bytes = new byte[100];
        for (int i = 0; i < length; i++) {
            bytes[20 + i] = (byte) (37 * i + 11);
        }
        assertThat(Long.toHexString(new SipHash(0, 0).of(bytes, 20, length))).isEqualTo(expected);
    }

    @Test
    void whenNothingSaysTheKeyThenHashesDifferFromProcessToProcess() {
        byte[] bytes = "a key".getBytes();
        assertThat(SipHash.random().of(bytes, 0, 5)).isNotEqualTo(SipHash.random().of(bytes, 0, 5));
    }

    @Test
    void whenKeysAreAlikeThenTheirHashesSpreadEvenly() {
        SipHash sip = SipHash.random();
        int[] first = new int[64];
        int[] last = new int[64];
        for (int i = 0; i < 64_000; i++) {
            byte[] key = "key:%08d".formatted(i).getBytes();
            long hash = sip.of(key, 0, key.length);
            first[(int) (hash >>> 58)]++;
            last[(int) hash & 63]++;
        }
        assertThat(Arrays.stream(first).summaryStatistics().getMax()).isLessThan(1200);
        assertThat(Arrays.stream(last).summaryStatistics().getMin()).isGreaterThan(800);
    }
}
