package io.keyval.cluster;

/** The cluster cannot do what was asked; the message is a sentence that says why. */
public final class ClusterException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** What stands in the way. */
    public enum Kind {
        /** The cluster, or this node, is not in a state to do it. */
        REFUSED,
        /** There is no such node or shard. */
        UNKNOWN,
        /** Nobody can do it at the moment, or it took too long. */
        UNAVAILABLE
    }

    private final Kind kind;

    /** With a sentence. */
    public ClusterException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    ClusterException(String message) {
        this(Kind.REFUSED, message);
    }

    ClusterException(String message, Throwable cause) {
        super(message, cause);
        this.kind = Kind.REFUSED;
    }

    /** What stands in the way. */
    public Kind kind() {
        return kind;
    }

    /** What stands at the beginning of a failure, as part of a sentence. */
    static String reason(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }
}
