package io.keyval.actuate;

import io.keyval.store.KeyValueStore;
import io.keyval.store.StoreException;
import io.keyval.wal.CompactionResult;
import io.keyval.wal.WalException;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Compacts the log by hand. */
@Component
@Profile("!cluster")
@Endpoint(id = "compaction")
class CompactionEndpoint {

    private static final Logger log = LoggerFactory.getLogger(CompactionEndpoint.class);

    private final KeyValueStore store;

    CompactionEndpoint(KeyValueStore store) {
        this.store = store;
    }

    /**
     * Answers when the log has been rewritten, or with status 503 and the reason why it was not.
     */
    @WriteOperation
    WebEndpointResponse<Map<String, Object>> compact() {
        try {
            CompactionResult result = store.compact();
            return new WebEndpointResponse<>(
                    Map.of(
                            "bytesBefore",
                            result.bytesBefore(),
                            "bytesAfter",
                            result.bytesAfter(),
                            "records",
                            result.records(),
                            "tookMillis",
                            result.took().toMillis(),
                            "pauseMillis",
                            result.pause().toMillis()));
        } catch (WalException | StoreException e) {
            log.warn("A compaction was not made: {}", e.getMessage());
            return new WebEndpointResponse<>(
                    Map.of("error", String.valueOf(e.getMessage())),
                    WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
        }
    }
}
