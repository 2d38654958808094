package io.keyval.console;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.keyval.config.KeyvalProperties;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.autoconfigure.endpoint.web.WebEndpointProperties;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** The page of the console and what it shows. */
@RestController
class ConsoleController {

    private static final MediaType HTML = MediaType.parseMediaType("text/html;charset=UTF-8");

    private final Sampler sampler;
    private final EventFeed feed;
    private final boolean signIn;
    private final String operations;
    private final Clock clock = Clock.systemUTC();
    private final String run = UUID.randomUUID().toString();

    ConsoleController(
            Sampler sampler,
            EventFeed feed,
            KeyvalProperties properties,
            WebEndpointProperties endpoints) {
        this.sampler = sampler;
        this.feed = feed;
        this.signIn = properties.secret() != null;
        this.operations = endpoints.getBasePath().replaceFirst("^/", "");
    }

    /**
     * What the page shows.
     *
     * @param run the process: counts begin anew with another one
     * @param now the time of the answer, in milliseconds since 1970
     * @param sampled the time of {@code node}; much earlier than now when the node is in trouble
     * @param interval milliseconds from one sample to the next
     * @param signIn whether a secret is set, so that somebody can sign in
     * @param operations the path of Actuator's operations, relative to the page
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record State(
            String run,
            long now,
            @Nullable Long sampled,
            long interval,
            boolean signIn,
            String operations,
            @Nullable NodeView node,
            History.Part history,
            List<Event> events) {}

    @GetMapping("/")
    ResponseEntity<Resource> page() {
        return ResponseEntity.ok()
                .contentType(HTML)
                .cacheControl(CacheControl.noCache())
                .body(new ClassPathResource("console/index.html"));
    }

    /**
     * The state, and what is new to one who has the first {@code samples} samples and {@code
     * events} events of this process.
     */
    @GetMapping("/console/state")
    State state(
            @RequestParam(defaultValue = "0") long samples,
            @RequestParam(defaultValue = "0") long events) {
        Sampler.Look look = sampler.latest();
        return new State(
                run,
                clock.millis(),
                look == null ? null : look.time(),
                Sampler.INTERVAL.toMillis(),
                signIn,
                operations,
                look == null ? null : look.node(),
                sampler.after(samples),
                feed.after(events));
    }

    /** Answers whether the secret that was sent is the right one, by its status. */
    @GetMapping("/console/access")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void access() {}
}
