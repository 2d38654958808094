package io.keyval.actuate;

import org.springframework.boot.health.contributor.Status;

/**
 * The status of a node that serves, but not all it could: worse than UP, better than
 * OUT_OF_SERVICE, and HTTP status 200, so that nobody takes a node away that still answers reads.
 */
final class Degraded {

    static final Status STATUS = new Status("DEGRADED");

    private Degraded() {}
}
