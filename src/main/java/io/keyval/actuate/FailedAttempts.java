package io.keyval.actuate;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds how often an address may try a wrong secret: ten times, then it is refused until a minute
 * has passed since the first. IPv6 addresses of one /64 count as one. Remembers the latest few
 * thousand addresses, and warns at most once in ten seconds. Thread-safe.
 */
final class FailedAttempts {

    static final int MOST = 10;
    static final Duration WINDOW = Duration.ofMinutes(1);

    private static final int MOST_ADDRESSES = 4096;
    private static final long PAUSE = Duration.ofSeconds(10).toNanos();

    private static final Logger log = LoggerFactory.getLogger(FailedAttempts.class);

    private record Failures(long first, int count) {}

    private final LongSupplier nanoTime;
    private final Map<String, Failures> byAddress =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Failures> eldest) {
                    return size() > MOST_ADDRESSES;
                }
            };
    private long quietUntil;
    private long untold;

    FailedAttempts(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.quietUntil = nanoTime.getAsLong();
    }

    /**
     * Lets the address try, unless it has tried in vain too often. One address after the other, so
     * that many guesses at once are counted like many in a row.
     *
     * @param secret whether the address knows the secret; not called where it may not try
     * @return whether it does
     * @throws TooManyAttemptsException if it may not try yet
     */
    synchronized boolean attempt(String address, BooleanSupplier secret) {
        String network = network(address);
        Failures before = byAddress.get(network);
        if (before != null && isOver(before)) {
            byAddress.remove(network);
            before = null;
        }
        if (before != null && before.count() >= MOST) {
            throw new TooManyAttemptsException();
        }
        if (secret.getAsBoolean()) {
            byAddress.remove(network);
            return true;
        }
        byAddress.put(
                network,
                before == null
                        ? new Failures(nanoTime.getAsLong(), 1)
                        : new Failures(before.first(), before.count() + 1));
        warn(address);
        return false;
    }

    private boolean isOver(Failures failures) {
        return nanoTime.getAsLong() - failures.first() > WINDOW.toNanos();
    }

    private void warn(String address) {
        long now = nanoTime.getAsLong();
        if (now - quietUntil < 0) {
            untold++;
            return;
        }
        log.warn(
                "Wrong credentials over HTTP from {}{}.",
                address,
                untold == 0 ? "" : " (and %d times before)".formatted(untold));
        quietUntil = now + PAUSE;
        untold = 0;
    }

    private static String network(String address) {
        try {
            byte[] bytes = InetAddress.ofLiteral(address).getAddress();
            return bytes.length == 4
                    ? address
                    : HexFormat.of().formatHex(Arrays.copyOf(bytes, Long.BYTES));
        } catch (IllegalArgumentException e) {
            return address;
        }
    }
}
