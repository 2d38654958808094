package io.keyval;

import io.keyval.store.KeyValueStore;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.stereotype.Component;

/**
 * Ends a replay when the process is told to end. Spring Boot closes the context then, which waits
 * until the start is over, and so for the whole replay.
 */
@Component
class StopDuringStart implements InitializingBean, DisposableBean {

    private final KeyValueStore store;
    private final Thread hook;

    StopDuringStart(KeyValueStore store) {
        this.store = store;
        this.hook = Thread.ofPlatform().name("stop-during-start").unstarted(store::prepareToStop);
    }

    @Override
    public void afterPropertiesSet() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process ends already.
            store.prepareToStop();
        }
    }

    @Override
    public void destroy() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process ends, and the hook has run.
        }
    }
}
