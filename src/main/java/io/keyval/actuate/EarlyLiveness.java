package io.keyval.actuate;

import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Says that the node lives before its HTTP port opens. Spring Boot says so when all has started,
 * which takes as long as the replay of the log, and until then it counts as broken.
 */
@Component
class EarlyLiveness implements SmartLifecycle {

    private final ApplicationContext context;
    private volatile boolean running;

    EarlyLiveness(ApplicationContext context) {
        this.context = context;
    }

    @Override
    public void start() {
        AvailabilityChangeEvent.publish(context, LivenessState.CORRECT);
        running = true;
    }

    @Override
    public void stop() {
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE - 1;
    }
}
