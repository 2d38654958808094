package io.keyval.it.history;

import io.keyval.it.history.Frontier.Configuration;
import io.keyval.it.history.Operation.Call;
import io.keyval.it.history.Operation.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The search for an order of one key's operations: Wing and Gong's, in Lowe's form that goes
 * through the calls and returns by time, keeps every configuration that is possible, and gives an
 * operation its effect no earlier than a return demands it.
 *
 * <p>What keeps the configurations few:
 *
 * <ul>
 *   <li>An operation without effect happens as soon as its reply is right: nothing is lost by it.
 *   <li>A PUT of unknown outcome that somebody read has happened, before the first such reply.
 *   <li>A PUT of unknown outcome that nobody read is of use only right before a DELETE that was
 *       answered OK, and a DELETE of unknown outcome only right before an operation that found
 *       nothing. So they are not open for ever, but counted.
 * </ul>
 *
 * For one use by one thread.
 */
final class KeySearch {

    /** An operation that has happened for certain, and until when. */
    private record Certain(Operation operation, int value, long end) {

        boolean passive() {
            return operation.call() == Call.GET || operation.outcome() == Outcome.NOT_FOUND;
        }
    }

    private record Event(long time, boolean isReturn, Certain certain) {}

    private record Sent(int client, long called) {}

    private static final int SLOTS = Long.SIZE;

    private final List<Operation> operations;
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> values = new ArrayList<>(List.of(""));
    private final long[] sparePuts;
    private final long[] spareDeletes;
    private final List<Event> events;

    private final @Nullable Certain[] open = new Certain[SLOTS];
    private final long[] needs = new long[SLOTS];
    private final Map<Operation, Integer> slots = new HashMap<>();
    private long inUse;
    private long passive;
    private int putsToSpare;
    private int deletesToSpare;

    KeySearch(List<Operation> operations) {
        this.operations = operations;
        Map<String, Long> firstRead = new HashMap<>();
        for (Operation operation : operations) {
            if (operation.call() == Call.PUT) {
                if (numbers.put(operation.value(), values.size()) != null) {
                    throw new IllegalArgumentException("Written twice: " + operation.value());
                }
                values.add(operation.value());
            } else if (operation.call() == Call.GET && operation.known()) {
                firstRead.merge(operation.value(), operation.returned(), Math::min);
            }
        }
        List<Certain> certain = new ArrayList<>();
        List<Long> puts = new ArrayList<>();
        List<Long> deletes = new ArrayList<>();
        for (Operation operation : operations) {
            Long read = firstRead.get(operation.value());
            if (operation.known()) {
                certain.add(new Certain(operation, number(operation), operation.returned()));
            } else if (operation.call() == Call.DELETE) {
                deletes.add(operation.called());
            } else if (operation.call() == Call.PUT && read == null) {
                puts.add(operation.called());
            } else if (operation.call() == Call.PUT) {
                long end = Math.max(read, operation.called());
                certain.add(new Certain(operation, number(operation), end));
            }
        }
        sparePuts = sorted(puts);
        spareDeletes = sorted(deletes);
        events = events(certain);
    }

    /** The number of what an operation wrote or read; -1 when nobody ever wrote it. */
    private int number(Operation operation) {
        return operation.value().isEmpty() ? 0 : numbers.getOrDefault(operation.value(), -1);
    }

    private static long[] sorted(List<Long> times) {
        return times.stream().mapToLong(Long::longValue).sorted().toArray();
    }

    private static List<Event> events(List<Certain> certain) {
        List<Event> events = new ArrayList<>(2 * certain.size());
        for (Certain one : certain) {
            events.add(new Event(one.operation().called(), false, one));
            events.add(new Event(one.end(), true, one));
        }
        events.sort(
                Comparator.comparingLong(Event::time)
                        .thenComparing(Event::isReturn)
                        .thenComparingInt(event -> event.certain().operation().place()));
        return events;
    }

    /** The first reply that cannot be explained, or null. */
    @Nullable Violation violation() {
        Map<Sent, List<Operation>> together = new HashMap<>();
        Frontier now = new Frontier();
        now.add(new Configuration(0, 0, 0, 0));
        for (Event event : events) {
            putsToSpare = count(sparePuts, event.time());
            deletesToSpare = count(spareDeletes, event.time());
            Certain certain = event.certain();
            if (event.isReturn()) {
                int slot = slots.remove(certain.operation());
                Frontier next = afterReturn(now, slot);
                if (next.isEmpty()) {
                    return new Violation(
                            certain.operation().key(),
                            certain.operation(),
                            report(certain.operation(), now));
                }
                close(slot);
                now = next;
            } else {
                open(certain, together);
                if (certain.passive()) {
                    now = settled(now);
                }
            }
        }
        return null;
    }

    private static int count(long[] times, long until) {
        int found = Arrays.binarySearch(times, until);
        int count = found < 0 ? -found - 1 : found + 1;
        while (count < times.length && times[count] <= until) {
            count++;
        }
        return count;
    }

    private void open(Certain certain, Map<Sent, List<Operation>> together) {
        Operation operation = certain.operation();
        int slot = Long.numberOfTrailingZeros(~inUse);
        if (slot == SLOTS) {
            throw new IllegalStateException(
                    "More than " + SLOTS + " operations at once on " + operation.key());
        }
        if (operation.known()) {
            List<Operation> before =
                    together.computeIfAbsent(
                            new Sent(operation.client(), operation.called()),
                            _ -> new ArrayList<>());
            for (Operation earlier : before) {
                Integer of = slots.get(earlier);
                if (of != null) {
                    needs[slot] |= 1L << of;
                }
            }
            before.add(operation);
        }
        open[slot] = certain;
        inUse |= 1L << slot;
        if (certain.passive()) {
            passive |= 1L << slot;
        }
        slots.put(operation, slot);
    }

    private void close(int slot) {
        open[slot] = null;
        inUse &= ~(1L << slot);
        passive &= ~(1L << slot);
        needs[slot] = 0;
        for (int other = 0; other < SLOTS; other++) {
            needs[other] &= ~(1L << slot);
        }
    }

    private Frontier settled(Frontier from) {
        Frontier settled = new Frontier();
        for (Configuration configuration : from.configurations()) {
            settled.add(settled(configuration));
        }
        return settled;
    }

    /** The same, with everything that has no effect done that can be. */
    private Configuration settled(Configuration from) {
        Configuration now = from;
        boolean more = true;
        while (more) {
            more = false;
            for (long left = passive & ~now.done(); left != 0; left &= left - 1) {
                int slot = Long.numberOfTrailingZeros(left);
                if (certain(slot).value() == now.value() && ordered(slot, now)) {
                    now = now.with(slot, now.value());
                    more = true;
                }
            }
        }
        return now;
    }

    private Certain certain(int slot) {
        return Objects.requireNonNull(open[slot]);
    }

    /** Whether all that was sent before it on its connection has happened. */
    private boolean ordered(int slot, Configuration now) {
        return (needs[slot] & ~now.done()) == 0;
    }

    /** All that may have happened when the operation in a slot is over. */
    private Frontier afterReturn(Frontier from, int slot) {
        Frontier result = new Frontier();
        Frontier seen = new Frontier();
        Deque<Configuration> waiting = new ArrayDeque<>();
        for (Configuration configuration : from.configurations()) {
            if ((configuration.done() & 1L << slot) != 0) {
                result.add(configuration.without(slot));
            } else if (seen.add(configuration)) {
                waiting.add(configuration);
            }
        }
        while (!waiting.isEmpty()) {
            Configuration configuration = waiting.remove();
            long left = inUse & ~configuration.done();
            for (; left != 0; left &= left - 1) {
                int next = Long.numberOfTrailingZeros(left);
                if (!ordered(next, configuration)) {
                    continue;
                }
                Configuration stepped = step(configuration, next, certain(next));
                if (stepped == null) {
                    continue;
                }
                Configuration settled = settled(stepped);
                if ((settled.done() & 1L << slot) != 0) {
                    result.add(settled.without(slot));
                } else if (seen.add(settled)) {
                    waiting.add(settled);
                }
            }
        }
        return result;
    }

    /** What is when the operation happens now, or null when its reply would be another. */
    private @Nullable Configuration step(Configuration now, int slot, Certain certain) {
        boolean empty = now.value() == 0;
        return switch (certain.operation().call()) {
            case PUT -> now.with(slot, certain.value());
            case GET -> {
                if (certain.value() == now.value()) {
                    yield now.with(slot, now.value());
                }
                yield certain.value() == 0 ? afterSpareDelete(now, slot) : null;
            }
            case DELETE -> {
                if (certain.operation().outcome() == Outcome.NOT_FOUND) {
                    yield empty ? now.with(slot, 0) : afterSpareDelete(now, slot);
                }
                if (!empty) {
                    yield now.with(slot, 0);
                }
                yield now.puts() < putsToSpare ? now.spendPut().with(slot, 0) : null;
            }
        };
    }

    private @Nullable Configuration afterSpareDelete(Configuration now, int slot) {
        return now.deletes() < deletesToSpare ? now.spendDelete().with(slot, 0) : null;
    }

    private String report(Operation wrong, Frontier before) {
        String held =
                before.configurations().stream()
                        .map(Configuration::value)
                        .distinct()
                        .sorted()
                        .map(number -> number == 0 ? "nothing" : values.get(number))
                        .collect(Collectors.joining(", "));
        return new Report(operations, wrong).text(held);
    }
}
