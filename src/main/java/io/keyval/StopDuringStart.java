package io.keyval;

import io.keyval.store.Store;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.stereotype.Component;

/**
 * Ends a start that takes long, as a replay does, when the process is told to end. Spring Boot
 * closes the context then, which waits until the start is over, and so for the whole of it.
 */
@Component
class StopDuringStart implements InitializingBean, DisposableBean {

    private final Store store;
    private final Thread hook;

    StopDuringStart(Store store) {
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
