package io.keyval.server;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bounds what of a peer waits for its TLS handshake, which another thread may be at work on: much
 * that comes before its end is left to the system. That the peer has closed its side is told behind
 * the handshake: told before, it would make the decoder forget what waits. For the event loop.
 */
final class HandshakeReads extends ChannelDuplexHandler {

    /** More than the messages of a handshake need. */
    private static final int MAX_BYTES = 128 * 1024;

    private @Nullable ChannelHandlerContext context;
    private final List<Object> events = new ArrayList<>();
    private int bytes;

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
    }

    @Override
    public void channelRead(ChannelHandlerContext from, Object message) {
        bytes += ((ByteBuf) message).readableBytes();
        if (bytes > MAX_BYTES) {
            from.channel().config().setAutoRead(false);
        }
        from.fireChannelRead(message);
    }

    @Override
    public void read(ChannelHandlerContext from) throws Exception {
        if (bytes <= MAX_BYTES) {
            super.read(from);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext from, Object event) {
        if (event instanceof ChannelInputShutdownEvent
                || event instanceof ChannelInputShutdownReadComplete) {
            events.add(event);
        } else {
            from.fireUserEventTriggered(event);
        }
    }

    /** The handshake is over, one way or the other; the decoder may still be in the midst of it. */
    void end() {
        ChannelHandlerContext own = context;
        if (own != null) {
            own.executor().execute(() -> leave(own));
        }
    }

    private void leave(ChannelHandlerContext own) {
        if (own.isRemoved()) {
            return;
        }
        events.forEach(own::fireUserEventTriggered);
        own.pipeline().remove(this);
        if (bytes > MAX_BYTES) {
            own.channel().config().setAutoRead(true);
        }
    }
}
