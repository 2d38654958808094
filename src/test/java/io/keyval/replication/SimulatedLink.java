package io.keyval.replication;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A connection of a follower to a leader: bytes in flight both ways, which arrive in order, in any
 * pieces and at any time, or not at all. Each side learns of its end by itself, or never.
 */
final class SimulatedLink {

    /** One direction. */
    static final class Pipe {

        private final ArrayDeque<byte[]> flying = new ArrayDeque<>();
        private final MessageAssembler assembler = new MessageAssembler(1 << 20);
        boolean open = true;

        void send(WireMessage message) {
            if (open) {
                flying.add(WireCodec.encode(message));
            }
        }

        boolean isEmpty() {
            return flying.isEmpty();
        }

        /** Brings some of the bytes to the receiver, if there are any. */
        void deliver(Random random, Consumer<WireMessage> receiver) {
            byte[] next = flying.poll();
            if (next == null) {
                return;
            }
            int length = random.nextInt(4) == 0 ? random.nextInt(next.length + 1) : next.length;
            if (length < next.length) {
                flying.addFirst(Arrays.copyOfRange(next, length, next.length));
            }
            assembler.add(ByteBuffer.wrap(next, 0, length), receiver);
        }

        /** Loses what is in flight, and whatever is sent from now on. */
        void lose() {
            flying.clear();
            open = false;
        }
    }

    final SimulatedNode leader;
    final SimulatedNode follower;
    final Pipe toLeader = new Pipe();
    final Pipe toFollower = new Pipe();

    /** Of the leader's session; null before the follower's status came. */
    @Nullable Feed feed;

    long acknowledged;
    boolean leaderOpen = true;
    boolean followerOpen = true;
    boolean joined;

    SimulatedLink(SimulatedNode leader, SimulatedNode follower) {
        this.leader = leader;
        this.follower = follower;
    }

    void closeLeader() {
        leaderOpen = false;
        if (feed != null) {
            feed.close();
            feed = null;
        }
    }

    void closeFollower() {
        if (followerOpen) {
            followerOpen = false;
            follower.endSync();
        }
    }

    /** Whether one side is not there any more for the other, and sooner or later finds out. */
    boolean isBroken() {
        return !leaderOpen || !followerOpen || !toLeader.open || !toFollower.open;
    }

    boolean isOver() {
        return !leaderOpen && (!followerOpen || toFollower.isEmpty());
    }
}
