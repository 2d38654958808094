package io.keyval.replication;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what a session tells of, but for acknowledgements. */
final class RecordingListener implements FollowerSession.Listener {

    final List<Resync> resyncs = new CopyOnWriteArrayList<>();
    final List<Long> superseding = new CopyOnWriteArrayList<>();

    @Override
    public void acknowledged() {}

    @Override
    public void resynced(Resync decision) {
        resyncs.add(decision);
    }

    @Override
    public void superseded(int follower, long epoch) {
        superseding.add(epoch);
    }
}
