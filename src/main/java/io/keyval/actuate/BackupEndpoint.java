package io.keyval.actuate;

import io.keyval.store.KeyValueStore;
import io.keyval.store.StoreException;
import io.keyval.wal.LogInspector;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * Copies the log of a running node into the directory {@code backups} of its data directory. The
 * caller has no say in the name, so that no request can reach any other file.
 */
@Component
@Profile("!cluster")
@Endpoint(id = "backup")
class BackupEndpoint {

    private static final Logger log = LoggerFactory.getLogger(BackupEndpoint.class);

    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final KeyValueStore store;
    private final Clock clock = Clock.systemUTC();

    BackupEndpoint(KeyValueStore store) {
        this.store = store;
    }

    /**
     * Answers when the copy is on disk and every byte of it has been checked, with a position up to
     * which it holds everything; or with status 503 and the reason why there is none.
     */
    @WriteOperation
    synchronized WebEndpointResponse<Map<String, Object>> backUp() {
        try {
            Wal wal = store.wal();
            Path directory = Files.createDirectories(store.dataDirectory().resolve("backups"));
            Path target =
                    directory.resolve(
                            STAMP.format(clock.instant()) + "-" + wal.file().getFileName());
            long position = wal.position();
            long bytes = copy(wal, target);
            return new WebEndpointResponse<>(
                    Map.of(
                            "file",
                            target.toAbsolutePath().toString(),
                            "bytes",
                            bytes,
                            "position",
                            position));
        } catch (WalException | StoreException e) {
            return refused(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            return refused("The backup could not be written: " + e + ".");
        }
    }

    /** A copy has its name only when it is whole and has been checked. */
    private static long copy(Wal wal, Path target) throws IOException {
        Path partial = target.resolveSibling(target.getFileName() + ".partial");
        try {
            long bytes = wal.copyTo(partial);
            LogInspector.rename(partial, target);
            return bytes;
        } catch (WalException | IOException e) {
            Files.deleteIfExists(partial);
            throw e;
        }
    }

    private static WebEndpointResponse<Map<String, Object>> refused(String reason) {
        log.warn("A backup was not made: {}", reason);
        return new WebEndpointResponse<>(
                Map.of("error", reason), WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
    }
}
