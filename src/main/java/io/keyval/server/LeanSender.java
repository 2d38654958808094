package io.keyval.server;

import org.springframework.integration.ip.tcp.outbound.TcpSendingMessageHandler;
import org.springframework.integration.support.management.metrics.MetricsCaptor;

/** A sender that is not timed: the batch of commands is. */
final class LeanSender extends TcpSendingMessageHandler {

    @Override
    public void registerMetricsCaptor(MetricsCaptor captor) {}
}
