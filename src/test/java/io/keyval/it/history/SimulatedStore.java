package io.keyval.it.history;

import io.keyval.it.history.Operation.Call;
import io.keyval.it.history.Operation.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * A linearizable store and its clients, in simulated time. Some operations are never answered; of
 * those some happen, some of them late, and some do not.
 */
final class SimulatedStore {

    private record Request(
            int client,
            Call call,
            String key,
            String value,
            long called,
            long happens,
            long returned) {}

    private final Random random;

    SimulatedStore(Random random) {
        this.random = random;
    }

    List<Operation> history(int operations, int clients, List<String> keys) {
        PriorityQueue<Request> happening =
                new PriorityQueue<>(Comparator.comparingLong(Request::happens));
        Map<String, String> store = new HashMap<>();
        List<Operation> history = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            happening.add(request(client, 0, keys, client));
        }
        int numbers = clients;
        while (history.size() < operations) {
            Request request = happening.remove();
            if (request.returned() == Long.MAX_VALUE) {
                apply(request, store);
                continue;
            }
            boolean answered = random.nextInt(200) > 0;
            if (answered || request.call() != Call.GET) {
                String before = store.getOrDefault(request.key(), "");
                if (answered) {
                    apply(request, store);
                } else if (random.nextInt(3) > 0) {
                    happening.add(late(request));
                }
                history.add(operation(request, before, answered));
            }
            happening.add(request(request.client(), request.returned() + 1, keys, numbers++));
        }
        return history;
    }

    private Request request(int client, long from, List<String> keys, int number) {
        long called = from + random.nextInt(50);
        long happens = called + random.nextInt(100);
        Call call = Call.values()[random.nextInt(5) % 3];
        return new Request(
                client,
                call,
                keys.get(random.nextInt(keys.size())),
                call == Call.PUT ? "v" + number : "",
                called,
                happens,
                happens + random.nextInt(100));
    }

    private Request late(Request request) {
        return new Request(
                request.client(),
                request.call(),
                request.key(),
                request.value(),
                request.called(),
                request.happens() + random.nextInt(1000),
                Long.MAX_VALUE);
    }

    private static void apply(Request request, Map<String, String> store) {
        switch (request.call()) {
            case PUT -> store.put(request.key(), request.value());
            case DELETE -> store.remove(request.key());
            case GET -> {}
        }
    }

    private static Operation operation(Request request, String before, boolean answered) {
        boolean get = request.call() == Call.GET;
        Outcome outcome =
                !answered
                        ? Outcome.UNKNOWN
                        : request.call() == Call.DELETE && before.isEmpty()
                                ? Outcome.NOT_FOUND
                                : Outcome.OK;
        return new Operation(
                request.client(),
                request.key(),
                request.call(),
                get ? before : request.value(),
                outcome,
                request.called(),
                0,
                answered ? request.returned() : Long.MAX_VALUE);
    }

    /** The same, but that one GET late in the history answers with what was there long before. */
    List<Operation> withStaleRead(List<Operation> history) {
        List<Operation> broken = new ArrayList<>(history);
        int at = history.size() - 1;
        while (!isRead(history.get(at))) {
            at--;
        }
        Operation late = history.get(at);
        int early = at / 2;
        while (!isRead(history.get(early)) || !history.get(early).key().equals(late.key())) {
            early++;
        }
        broken.set(
                at,
                new Operation(
                        late.client(),
                        late.key(),
                        late.call(),
                        history.get(early).value(),
                        late.outcome(),
                        late.called(),
                        late.place(),
                        late.returned()));
        return broken;
    }

    private static boolean isRead(Operation operation) {
        return operation.call() == Call.GET && !operation.value().isEmpty();
    }
}
