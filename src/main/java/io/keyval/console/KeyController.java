package io.keyval.console;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.protocol.Limits;
import io.keyval.store.Store;
import io.keyval.store.StoreException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Reads and writes single keys for the console, by the rules of the line protocol.
 *
 * <p>Keys and values are bytes in hexadecimal, in the body: what stands in an address ends up in
 * the logs of whatever lies between. Status 404 is an absent key, 400 what is no key or value, 409
 * a node that takes no writes, 503 a store that could not do it.
 */
@RestController
@RequestMapping(path = "/console/key", consumes = MediaType.APPLICATION_JSON_VALUE)
class KeyController {

    /** The page shows no more of a value, and takes no longer one. */
    static final int MOST_BYTES = 1 << 20;

    private static final HexFormat HEX = HexFormat.of();

    private final Store store;
    private final Limits limits;

    KeyController(Store store, Limits limits) {
        this.store = store;
        this.limits = limits;
    }

    record Request(@Nullable String key, @Nullable String value) {}

    /**
     * What became of it.
     *
     * @param size of the value in bytes
     * @param value in hexadecimal, its beginning when it is very long
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Answer(@Nullable String error, @Nullable Integer size, @Nullable String value) {

        static final Answer DONE = new Answer(null, null, null);

        static Answer error(String text) {
            return new Answer(text, null, null);
        }
    }

    @PostMapping("/get")
    ResponseEntity<Answer> get(@RequestBody Request request) {
        return execute(new Command.Get(key(request)));
    }

    @PostMapping("/put")
    ResponseEntity<Answer> put(@RequestBody Request request) {
        return execute(new Command.Put(key(request), value(request)));
    }

    @PostMapping("/delete")
    ResponseEntity<Answer> delete(@RequestBody Request request) {
        return execute(new Command.Delete(key(request)));
    }

    private ResponseEntity<Answer> execute(Command command) {
        return answer(
                store.execute(List.of(command), Long.MAX_VALUE)
                        .toCompletableFuture()
                        .join()
                        .getFirst());
    }

    private static ResponseEntity<Answer> answer(Reply reply) {
        return switch (reply) {
            case Reply.Value(byte[] bytes) -> ResponseEntity.ok(shown(bytes));
            case Reply.Miss _, Reply.NotFound _ ->
                    refused(HttpStatus.NOT_FOUND, "There is no such key.");
            case Reply.WriteNotAllowed _ ->
                    refused(HttpStatus.CONFLICT, "This node takes no writes.");
            case Reply.Failed _ ->
                    refused(
                            HttpStatus.SERVICE_UNAVAILABLE,
                            "The store could not do it; its health and log say why.");
            case Reply.Ok _, Reply.Pong _, Reply.Bye _, Reply.InvalidCommand _ ->
                    ResponseEntity.ok(Answer.DONE);
        };
    }

    private static Answer shown(byte[] bytes) {
        byte[] beginning = bytes.length > MOST_BYTES ? Arrays.copyOf(bytes, MOST_BYTES) : bytes;
        return new Answer(null, bytes.length, HEX.formatHex(beginning));
    }

    private static ResponseEntity<Answer> refused(HttpStatus status, String reason) {
        return ResponseEntity.status(status).body(Answer.error(reason));
    }

    private byte[] key(Request request) {
        byte[] key = bytes("key", request.key(), limits.maxKeySize());
        for (byte b : key) {
            if (b == '\n' || b == ' ') {
                throw new IllegalArgumentException("A key holds no space and no line end.");
            }
        }
        return key;
    }

    private byte[] value(Request request) {
        byte[] value = bytes("value", request.value(), Math.min(MOST_BYTES, limits.maxValueSize()));
        for (byte b : value) {
            if (b == '\n') {
                throw new IllegalArgumentException("A value holds no line end.");
            }
        }
        return value;
    }

    private static byte[] bytes(String what, @Nullable String hex, int most) {
        if (hex == null || hex.isEmpty()) {
            throw new IllegalArgumentException("The %s is empty.".formatted(what));
        }
        if (hex.length() > 2L * most) {
            throw new IllegalArgumentException(
                    "The %s is longer than %,d bytes.".formatted(what, most));
        }
        try {
            return HEX.parseHex(hex);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("The %s is not in hexadecimal.".formatted(what), e);
        }
    }

    @ExceptionHandler
    ResponseEntity<Answer> malformed(IllegalArgumentException cause) {
        return refused(HttpStatus.BAD_REQUEST, String.valueOf(cause.getMessage()));
    }

    @ExceptionHandler
    ResponseEntity<Answer> closed(StoreException cause) {
        return refused(HttpStatus.SERVICE_UNAVAILABLE, String.valueOf(cause.getMessage()));
    }
}
