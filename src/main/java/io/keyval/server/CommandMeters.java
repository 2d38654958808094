package io.keyval.server;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Times commands from their arrival to their replies: {@code keyval.commands} by verb and outcome.
 * Thread-safe.
 */
final class CommandMeters {

    private enum Verb {
        PUT,
        GET,
        DELETE,
        PING,
        CLOSE,
        INVALID;

        static Verb of(Command command) {
            return switch (command) {
                case Command.Put put -> PUT;
                case Command.Get get -> GET;
                case Command.Delete delete -> DELETE;
                case Command.Ping ping -> PING;
                case Command.Close close -> CLOSE;
                case Command.Invalid invalid -> INVALID;
            };
        }
    }

    private enum Outcome {
        OK,
        MISS,
        NOT_FOUND,
        INVALID,
        NOT_ALLOWED,
        ERROR;

        static Outcome of(Reply reply) {
            return switch (reply) {
                case Reply.Ok ok -> OK;
                case Reply.Value value -> OK;
                case Reply.Pong pong -> OK;
                case Reply.Bye bye -> OK;
                case Reply.Miss miss -> MISS;
                case Reply.NotFound notFound -> NOT_FOUND;
                case Reply.InvalidCommand invalid -> INVALID;
                case Reply.WriteNotAllowed notAllowed -> NOT_ALLOWED;
                case Reply.Failed failed -> ERROR;
            };
        }
    }

    private static final int OUTCOMES = Outcome.values().length;

    private final MeterRegistry registry;
    private final AtomicReferenceArray<Timer> timers =
            new AtomicReferenceArray<>(Verb.values().length * OUTCOMES);

    CommandMeters(MeterRegistry registry) {
        this.registry = registry;
        for (Verb verb : List.of(Verb.PUT, Verb.GET, Verb.DELETE, Verb.PING, Verb.CLOSE)) {
            timer(verb, Outcome.OK);
        }
        timer(Verb.GET, Outcome.MISS);
        timer(Verb.DELETE, Outcome.NOT_FOUND);
        timer(Verb.INVALID, Outcome.INVALID);
        timer(Verb.PUT, Outcome.ERROR);
        timer(Verb.DELETE, Outcome.ERROR);
        timer(Verb.PUT, Outcome.NOT_ALLOWED);
        timer(Verb.DELETE, Outcome.NOT_ALLOWED);
    }

    /** Each of these commands got its reply {@code nanos} after it had arrived. */
    void record(List<Command> commands, List<Reply> replies, long nanos) {
        for (int i = 0; i < commands.size(); i++) {
            timer(Verb.of(commands.get(i)), Outcome.of(replies.get(i)))
                    .record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    private Timer timer(Verb verb, Outcome outcome) {
        int index = verb.ordinal() * OUTCOMES + outcome.ordinal();
        Timer timer = timers.getPlain(index);
        if (timer == null) {
            timer =
                    Timer.builder("keyval.commands")
                            .description("Commands, from their arrival to their replies")
                            .tag("verb", verb.name().toLowerCase(Locale.ROOT))
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .register(registry);
            timers.set(index, timer);
        }
        return timer;
    }
}
